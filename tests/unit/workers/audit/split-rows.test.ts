import fc from "fast-check";
import { expect, it } from "vitest";
import { RowSplitter } from "../../../../workers/audit/split-rows.js";
import { BinaryCopy, copyHeader, copyTrailer } from "../../../../workers/persist/binary-copy.js";
import { writeTraceRow } from "../../../../workers/persist/trace-row.js";
import { rowOf, sealedBodiesOf } from "../../../support/exchanges.js";

const rows = [1, 2 ** 40 + 5, 7].map((seq) => rowOf({ seq }));
const out = new BinaryCopy(64);
for (const row of rows) writeTraceRow(out, row, sealedBodiesOf(row));
const whole = Buffer.concat([copyHeader, out.view(0, out.length), copyTrailer]);

it("cuts the same rows out of the stream, whatever pieces it comes in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sizes) => {
      const splitter = new RowSplitter({ hasLeaf: true, seqColumn: -1 });
      const found = [];
      for (let at = 0, turn = 0; at < whole.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        found.push(...splitter.take(whole.subarray(at, at + size)));
        at += size;
      }
      expect(found.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq));
      const bytes = Buffer.concat(
        found.flatMap(({ covered, stored }) => [covered, Buffer.of(0, 0, 0, 32), stored ?? Buffer.of()]),
      );
      expect(bytes.equals(out.view(0, out.length))).toBe(true);
    }),
  );
});

it("does so of rows longer than what is put together for a start, and of rows shorter than it", () => {
  const sizesOf = [5000, 10, 20_000, 1, 1, 4096, 70_000, 3];
  const large = new BinaryCopy(64);
  const longRows = sizesOf.map((_, index) => rowOf({ seq: index + 1 }));
  longRows.forEach((row, index) => {
    writeTraceRow(large, row, sealedBodiesOf(row, "ask", "x".repeat(sizesOf[index] ?? 0)));
  });
  const bytes = Buffer.concat([copyHeader, large.view(0, large.length), copyTrailer]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1 }), (sizes) => {
      const splitter = new RowSplitter({ hasLeaf: true, seqColumn: -1 });
      const found = [];
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        found.push(...splitter.take(bytes.subarray(at, at + size)));
        at += size;
      }
      const taken = found.flatMap(({ covered, stored }) => [covered, Buffer.of(0, 0, 0, 32), stored ?? Buffer.of()]);
      expect(found.map(({ seq }) => seq)).toEqual(longRows.map(({ seq }) => seq));
      expect(Buffer.concat(taken).equals(large.view(0, large.length))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it("finds the number by its column where there is no leaf", () => {
  const small = new BinaryCopy(64);
  small.startRow(3);
  small.text("a");
  small.text(null);
  small.int8(77);
  const splitter = new RowSplitter({ hasLeaf: false, seqColumn: 2 });
  const [row] = splitter.take(Buffer.concat([copyHeader, small.view(0, small.length), copyTrailer]));
  expect(row).toMatchObject({ seq: 77, stored: null });
  expect(splitter.take(Buffer.from("anything"))).toEqual([]);
});
