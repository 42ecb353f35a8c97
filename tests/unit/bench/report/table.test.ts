import { expect, test } from "vitest";
import { drawNumber, drawSpread, drawTable } from "../../../../bench/report/table.js";

test("a table is Markdown with aligned columns", () => {
  const text = drawTable({
    title: "one",
    headings: ["path", "p50 ms"],
    rows: [
      ["direct", "0.10"],
      ["through Loom", "12.34"],
    ],
    notes: ["All bytes equal."],
  });
  expect(text).toBe(`## one

| path         | p50 ms |
| ------------ | -----: |
| direct       |   0.10 |
| through Loom |  12.34 |

All bytes equal.
`);
});

test("a spread shows the median first and is short when the rounds agree", () => {
  expect(drawSpread({ median: 4321.4, low: 4000, high: 5000 }, 0)).toBe("4,321 (4,000…5,000)");
  expect(drawSpread({ median: 0.5, low: 0.5, high: 0.5 }, 2)).toBe("0.50");
});

test("what was not measured is a dash, not a zero", () => {
  expect(drawSpread(undefined, 1)).toBe("–");
  expect(drawNumber(Number.NaN, 1)).toBe("–");
  expect(drawNumber(0, 1)).toBe("0.0");
});
