import { expect, test } from "vitest";
import { growthOf, splitSoak } from "../../../../bench/scenarios/soak.js";

const MB = 1024 * 1024;

test("a soak is cut into parts of equal length, each with its medians and the worst delay of the main thread", () => {
  const samples = [1, 2, 3, 11, 12, 13].map((at) => ({ atMs: at * 1000, rssBytes: at * MB, descriptors: 20 + at }));
  const line = { heapBytes: MB, externalBytes: 0, delayP99Ms: 1, delayMaxMs: 2 };
  const lines = [
    { ...line, thread: "main", atMs: 2000 },
    { ...line, thread: "main", atMs: 12_000, heapBytes: 3 * MB, delayMaxMs: 9 },
    { ...line, thread: "worker", atMs: 12_000, heapBytes: 5 * MB, delayMaxMs: 99 },
  ] as const;
  const parts = splitSoak({ samples, lines, startMs: 0, endMs: 20_000 }, 2);
  expect(parts[0]).toMatchObject({ rssMb: 2, descriptors: 22, heapMb: 1, delayMax: 2 });
  expect(parts[1]).toMatchObject({ rssMb: 12, descriptors: 32, heapMb: 3, laneHeapMb: 5, delayMax: 9 });
});

test("growth is from the second part to the last, since the first one fills caches", () => {
  const parts = [10, 20, 22].map((rssMb) => ({ rssMb, descriptors: 7 }));
  expect(growthOf(parts)).toEqual({ growth: 1.1, descriptorGrowth: 1 });
});
