import { expect, test } from "vitest";
import { printRows, showTime } from "../../../../src/cli/print-rows.js";
import { makeTools } from "./fake-tools.js";

function print(rows: { name: string; note: string | null }[], colours = false): string {
  let out = "";
  const write = (text: string) => {
    out += text;
  };
  const { tools } = makeTools({ write, colours: { out: colours, error: colours } });
  printRows(tools, rows, { columns: { name: (row) => row.name, note: (row) => row.note }, nothing: "None." });
  return out;
}

test("columns are as wide as their widest cell, and an empty cell is a dash", () => {
  const rows = [
    { name: "a", note: null },
    { name: "longer", note: "x" },
  ];
  expect(print(rows)).toBe("NAME    NOTE\na       -\nlonger  x\n");
});

test("no rows are a sentence", () => {
  expect(print([])).toBe("None.\n");
});

test("a name cannot control the terminal", () => {
  expect(print([{ name: "\u001b[2Jx\n", note: null }])).toBe("NAME    NOTE\n?[2Jx?  -\n");
});

test("the header is bold where colours are wanted", () => {
  expect(print([{ name: "a", note: "b" }], true)).toContain("\u001b[1mNAME  NOTE\u001b[22m\n");
});

test("times are shown in UTC to the second", () => {
  expect(showTime(new Date("2026-11-21T03:04:05.678Z"))).toBe("2026-11-21T03:04:05Z");
  expect(showTime(null)).toBeNull();
});
