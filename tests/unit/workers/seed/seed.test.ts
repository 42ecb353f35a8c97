import { describe, expect, test } from "vitest";
import { readRowDetail } from "../../../../src/trace/row-detail.js";
import { makeBodies } from "../../../../workers/seed/make-bodies.js";
import { makeDetail } from "../../../../workers/seed/make-detail.js";
import { RowMaker } from "../../../../workers/seed/make-row.js";
import { makeMoments } from "../../../../workers/seed/moments.js";
import { SeededRandom, Weighted } from "../../../../workers/seed/random.js";

const tenants = ["a", "b"].map((letter) => ({
  id: `0190a1b2-0000-7000-8000-00000000000${letter}`,
  keySalt: "",
  keyIds: [`0190a1b2-0000-7000-8000-0000000000${letter}0`],
}));
const rowsOf = (seed: number, count: number) => {
  const maker = new RowMaker({
    tenants,
    random: new SeededRandom(seed),
    bootId: "0190a1b2-0000-7000-8000-0000000000b0",
  });
  return Array.from({ length: count }, (_, index) => maker.make(1_790_000_000_000 + index).row);
};

describe("seeded traces", () => {
  test("are the same for the same seed, and others for another", () => {
    expect(rowsOf(1, 50)).toEqual(rowsOf(1, 50));
    expect(rowsOf(2, 50)).not.toEqual(rowsOf(1, 50));
  });

  test("hold what a list and its sums need: failures, unpriced ones, sessions, tags", () => {
    const rows = rowsOf(3, 3000);
    expect(new Set(rows.map(({ outcome }) => outcome)).size).toBeGreaterThanOrEqual(5);
    expect(rows.some(({ costUsd, usageSource }) => costUsd === null && usageSource === "provider")).toBe(true);
    expect(rows.filter(({ sessionId }) => sessionId !== null).length).toBeGreaterThan(500);
    expect(rows.every(({ latencyMs, overheadMs }) => latencyMs >= overheadMs && overheadMs >= 0)).toBe(true);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(rows.every(({ id }) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/.test(id))).toBe(true);
  });

  test("have bodies in the shape of their answer", () => {
    const random = new SeededRandom(4);
    for (const row of rowsOf(4, 200)) {
      const { request, response } = makeBodies(row, random);
      expect(JSON.parse(request.toString())).toMatchObject({ model: row.model });
      if (row.outcome === "complete" && row.streamed) expect(response.toString()).toMatch(/data: \[DONE\]\n\n$/);
    }
  });
});

describe("what they say beside their columns", () => {
  test("fits the row: tries within its time, a stream's moments in order up to its size", () => {
    const random = new SeededRandom(7);
    for (const made of rowsOf(7, 500)) {
      const row = { ...made, responseBytes: 5000 };
      const detail = readRowDetail(JSON.parse(makeDetail(row, random)));
      if (row.outcome === "interrupted") expect(detail.attempts).toBeNull();
      else expect(detail.attempts).toHaveLength(row.attempts);
      for (const { startedMs, endedMs } of detail.attempts ?? []) {
        expect(startedMs).toBeLessThanOrEqual(endedMs);
        expect(endedMs).toBeLessThanOrEqual(row.latencyMs + 0.001);
      }
      const { ms, bytes } = detail.streamTimes ?? { ms: [], bytes: [] };
      expect(detail.streamTimes !== null).toBe(row.streamed && row.completionTokens !== null);
      ms.forEach((at, index) => expect(at).toBeGreaterThanOrEqual(ms[index - 1] ?? (row.ttfbMs ?? 0) - 0.001));
      if (bytes.length > 0) expect(bytes.at(-1)).toBe(5000);
    }
  });
});

describe("their moments", () => {
  test("are as many as asked for, in order, within the days", () => {
    const end = Date.parse("2027-05-05T10:00:00Z");
    const moments = [...makeMoments(5000, 7, end, new SeededRandom(5))];
    expect(moments).toHaveLength(5000);
    expect(moments).toEqual(moments.toSorted((left, right) => left - right));
    expect(moments[0]).toBeGreaterThanOrEqual(end - 7 * 86_400_000);
    expect(moments.at(-1)).toBeLessThanOrEqual(end);
  });
});

test("a weighted pick follows its weights", () => {
  const random = new SeededRandom(6);
  const weighted = new Weighted([1, 0, 3]);
  const picked = [0, 0, 0];
  for (let tries = 0; tries < 4000; tries += 1) {
    const at = weighted.pick(random);
    picked[at] = (picked[at] ?? 0) + 1;
  }
  expect(picked[1]).toBe(0);
  expect((picked[2] ?? 0) / (picked[0] ?? 1)).toBeGreaterThan(2.5);
});
