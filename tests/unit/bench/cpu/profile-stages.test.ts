import { expect, test } from "vitest";
import { shareOut, sumStages } from "../../../../bench/cpu/profile-stages.js";

const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 0 });

// (root) -> lane.js -> seal.js -> node:crypto; lane.js -> pg in persist/writer.js
const profile = {
  nodes: [
    { id: 1, callFrame: frame("(root)", ""), children: [2, 7, 8, 9] },
    { id: 2, callFrame: frame("onBatch", "file:///w/dist/workers/lane.js"), children: [3, 5] },
    { id: 3, callFrame: frame("sealBody", "file:///w/dist/workers/seal/seal.js"), children: [4] },
    { id: 4, callFrame: frame("update", "node:internal/crypto/cipher") },
    { id: 5, callFrame: frame("write", "file:///w/dist/workers/persist/writer.js"), children: [6] },
    { id: 6, callFrame: frame("query", "file:///w/node_modules/pg/lib/client.js") },
    { id: 7, callFrame: frame("(garbage collector)", "") },
    { id: 8, callFrame: frame("(idle)", "") },
    { id: 9, callFrame: frame("processTimers", "node:internal/timers") },
  ],
  samples: [2, 3, 4, 6, 7, 8, 9],
  timeDeltas: [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000],
};

test("a sample counts for the innermost folder of Loom on its stack, so that libraries count for who called them", () => {
  expect(Object.fromEntries(sumStages(profile))).toEqual({
    workers: 1,
    "workers/seal": 5,
    "workers/persist": 4,
    "garbage collector": 5,
    runtime: 7,
  });
});

test("measured CPU is shared out as the samples say, largest first", () => {
  const stages = new Map([
    ["a", 1],
    ["b", 3],
  ]);
  expect(shareOut(stages, 100)).toEqual([
    ["b", 75],
    ["a", 25],
  ]);
  expect(shareOut(new Map([["a", 0]]), 100)).toEqual([["a", 0]]);
});
