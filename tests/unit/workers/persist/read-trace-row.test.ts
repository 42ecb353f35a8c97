// What is written of a row reads back as it was.
import fc from "fast-check";
import { expect, test } from "vitest";
import { splitLeaf } from "../../../../workers/ledger/leaf.js";
import { BinaryCopy } from "../../../../workers/persist/binary-copy.js";
import { currentForm, readTraceRow } from "../../../../workers/persist/read-trace-row.js";
import { writeTraceRow } from "../../../../workers/persist/trace-row.js";
import { rowOf, sealedBodiesOf } from "../../../support/exchanges.js";

function encode(row: ReturnType<typeof rowOf>): Buffer {
  const out = new BinaryCopy(1024);
  writeTraceRow(out, row, sealedBodiesOf(row));
  return Buffer.from(out.view(0, out.length));
}

const text = fc.option(fc.string({ unit: "grapheme" }));
const cost = fc.option(
  fc
    .tuple(fc.bigInt(0n, 10n ** 9n), fc.bigInt(0n, 10n ** 10n - 1n))
    .map(([a, b]) => `${a}.${b.toString().padStart(10, "0")}`),
);

test("a row reads back as it was written, whatever is in it", () => {
  fc.assert(
    fc.property(
      text,
      text,
      cost,
      fc.array(fc.string()),
      fc.option(fc.nat()),
      fc.nat(),
      (model, user, costUsd, tags, tokens, seq) => {
        // µs are what the column holds.
        const createdAtMs = 1_700_000_000_000 + seq / 8;
        const row = rowOf({
          model,
          endUser: user,
          costUsd,
          tags,
          promptTokens: tokens,
          ttfbMs: null,
          seq,
          createdAtMs,
        });
        expect(readTraceRow(encode(row))).toEqual(row);
      },
    ),
  );
});

test("a row of another version, a cut one and a longer one are refused", () => {
  const row = encode(rowOf());
  const other = Buffer.from(row);
  other.writeInt16BE(3, 0);
  expect(() => readTraceRow(other)).toThrow("other columns");
  expect(() => readTraceRow(Buffer.concat([row, Buffer.of(0)]))).toThrow("not whole");
  for (const length of [0, 1, 2, 10, row.length - 1]) expect(() => readTraceRow(row.subarray(0, length))).toThrow();
});

test("a row of the version before `detail` is read, and keeps its leaf", () => {
  const row = rowOf({ detail: null, createdAtMs: 1_700_000_000_000 });
  const today = encode(row);
  const { covered, stored } = splitLeaf(today);
  const former = Buffer.concat([covered, Buffer.of(0, 0, 0, 32), stored ?? Buffer.alloc(0)]);
  expect(() => readTraceRow(former)).toThrow("other columns");
  expect(currentForm(former)).toEqual(today);
  expect(readTraceRow(currentForm(former))).toEqual(row);
  expect(currentForm(today)).toBe(today);
});
