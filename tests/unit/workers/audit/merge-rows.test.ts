import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeRows } from "../../../../workers/audit/merge-rows.js";
import type { LedgerRow } from "../../../../workers/ledger/ledger-item.js";

const rowOf = (seq: number): LedgerRow => ({ seq, covered: Buffer.of(seq & 255), stored: null });

/** In pieces of these sizes, each after some turns of the event loop. */
async function* inPieces(rows: readonly LedgerRow[], sizes: readonly number[]) {
  for (let at = 0, piece = 0; at < rows.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? 1;
    for (let turns = size % 3; turns > 0; turns -= 1) await turn();
    yield rows.slice(at, at + size);
    at += size;
  }
}

async function readAll(rows: AsyncIterable<LedgerRow[]>): Promise<LedgerRow[]> {
  const all: LedgerRow[] = [];
  for await (const piece of rows) all.push(...piece);
  return all;
}

describe("rows that are read side by side", () => {
  it("come in the order of their numbers, doubled ones beside one another, whatever pieces they come in", async () => {
    // Empty pieces too, but not for ever.
    const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 }).map((some) => [...some, 1]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 200, size: "max" }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(sizes, { minLength: 1, maxLength: 4, size: "max" }),
        async (seqs, perTurn, sizesOf) => {
          const rows = seqs.toSorted((a, b) => a - b).map(rowOf);
          const parts = sizesOf.map((some, reader) =>
            inPieces(
              rows.filter(({ seq }) => Math.floor(seq / perTurn) % sizesOf.length === reader),
              some,
            ),
          );
          const merged = await readAll(mergeRows(parts));
          expect(merged.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq));
          expect(new Set(merged)).toEqual(new Set(rows));
        },
      ),
    );
  });

  it("end with what a connection fails with, not with the rows that were there", async () => {
    async function* failing() {
      yield [rowOf(2)];
      await turn();
      throw new Error("connection lost");
    }
    const read = readAll(mergeRows([inPieces([1, 3, 5].map(rowOf), [1]), failing()]));
    await expect(read).rejects.toThrow("connection lost");
  });

  it("may be given up while pieces are on their way", async () => {
    async function* failing() {
      yield [rowOf(2)];
      await turn();
      throw new Error("connection lost");
    }
    for await (const _ of mergeRows([inPieces([1, 3, 5].map(rowOf), [1]), failing()])) break;
    // A rejection that nobody takes would end this process.
    for (let turns = 0; turns < 5; turns += 1) await turn();
  });
});
