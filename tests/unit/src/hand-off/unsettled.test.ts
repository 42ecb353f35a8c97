import { expect, it } from "vitest";
import { Unsettled } from "../../../../src/hand-off/unsettled.js";

const named = (id: string) => ({ id, tenantId: "t", createdAtMs: 1000 });
const gap = (seq: number, id: string, reason: string) => ({ seq, id, tenantId: "t", createdAtMs: 1000, reason });

it("keeps a gap until it is settled", () => {
  const unsettled = new Unsettled();
  unsettled.add(1, named("a"));
  unsettled.add(2, named("b"));
  expect(unsettled.makeGap(1, "why")).toEqual(gap(1, "a", "why"));
  expect([...unsettled.gaps]).toEqual([gap(1, "a", "why")]);
  unsettled.settle([1]);
  expect([[...unsettled.gaps], unsettled.size]).toEqual([[], 1]);
});

it("makes no gap of a number that it does not know or that is settled", () => {
  const unsettled = new Unsettled();
  unsettled.add(1, named("a"));
  unsettled.settle([1]);
  expect([unsettled.makeGap(1, "why"), unsettled.lose(new Set([1, 2]), "why")]).toEqual([null, []]);
});

it("loses with a worker what was on its way and what only its memory had, and names none twice", () => {
  const unsettled = new Unsettled();
  for (const [seq, id] of [...["a", "b", "c", "d"].entries()]) unsettled.add(seq + 1, named(id));
  unsettled.refuse(3);
  unsettled.refuse(9);
  unsettled.makeGap(1, "earlier");
  expect(unsettled.lose(new Set([1, 2]), "crash")).toEqual([gap(2, "b", "crash"), gap(3, "c", "crash")]);
  expect(unsettled.lose(new Set([2]), "again")).toEqual([]);
  expect(unsettled.size).toBe(4);
});

it("loses everything where nothing outlives a worker", () => {
  const unsettled = new Unsettled();
  unsettled.add(1, named("a"));
  unsettled.add(2, named("b"));
  expect(unsettled.lose(null, "crash").map(({ seq }) => seq)).toEqual([1, 2]);
});
