import { describe, expect, test } from "vitest";
import type { Trace } from "../../../../src/query/schema/trace.js";
import { readRange, textOfBytes } from "../../../../src/serve/body-text.js";
import { readColumns, writeCsvHeader, writeCsvRow, writeJsonLine } from "../../../../src/serve/export-rows.js";

const trace = {
  id: "0190a1b2-0000-7000-8000-00000000000b",
  key: { id: "k", prefix: "sk-loom-a", name: "=SUM(A1)" },
  model: '+cmd|"x"',
  endUser: "line\nbreak, comma",
  tags: ["-a", "b"],
  latencyMs: 1.5,
  estimatedCostUSD: null,
} as unknown as Trace;

describe("a CSV", () => {
  test("has exactly the columns asked for, in their order", () => {
    const columns = readColumns("latencyMs,id");
    expect(writeCsvHeader(columns)).toBe("latencyMs,id\r\n");
    expect(writeCsvRow(trace, columns)).toBe(`1.5,${trace.id}\r\n`);
  });

  test("holds no formula, and quotes what has to be quoted", () => {
    const row = writeCsvRow(trace, readColumns("keyName,model,endUser,tags,estimatedCostUSD"));
    expect(row).toBe(`'=SUM(A1),"'+cmd|""x""","line\nbreak, comma",'-a b,\r\n`);
  });

  test("refuses a column that is none", () => {
    expect(() => readColumns("id,body")).toThrow(expect.objectContaining({ param: "columns" }));
  });
});

test("a JSON line is the trace, or the columns asked for", () => {
  expect(JSON.parse(writeJsonLine(trace, readColumns(undefined)))).toEqual(trace);
  expect(writeJsonLine(trace, readColumns("keyName"))).toBe('{"keyName":"=SUM(A1)"}\n');
});

describe("a part of a body", () => {
  const bytes = Buffer.from("aé€😀z");

  test("is moved to the borders of characters", () => {
    for (let from = 0; from < bytes.length; from += 1) {
      for (let to = from + 4; to <= bytes.length; to += 1) {
        const shown = textOfBytes(bytes.subarray(from, to), from, bytes.length);
        expect(shown.encoding).toBe("utf8");
        expect(bytes.subarray(shown.offset, shown.endOffset).toString()).toBe(shown.text);
      }
    }
  });

  test("is base64 when it is no text", () => {
    const image = Buffer.from([0x89, 0x50, 0xff, 0xfe]);
    expect(textOfBytes(image, 0, 4)).toEqual({ offset: 0, endOffset: 4, encoding: "base64", text: "iVD//g==" });
  });
});

describe("a range", () => {
  test.each([
    ["bytes=0-9", { offset: 0, length: 10 }],
    ["bytes=5-", { offset: 5, length: Number.MAX_SAFE_INTEGER }],
    ["bytes=-3", { offset: -3, length: 3 }],
    ["bytes=9-5", null],
    ["bytes=0-1,3-4", null],
    ["lines=1-2", null],
    [undefined, null],
  ])("%s is %j", (header, range) => expect(readRange(header)).toEqual(range));
});
