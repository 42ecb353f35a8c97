import { expect, test } from "vitest";
import { sumSelfTimes, tabulateSelfTimes } from "../../../../bench/cpu/profile-summary.js";

const frame = (functionName: string, url: string, lineNumber: number) => ({ functionName, url, lineNumber });

const profile = {
  nodes: [
    { id: 1, callFrame: frame("(idle)", "", -1) },
    { id: 2, callFrame: frame("dispatch", "file:///w/node_modules/undici/lib/client.js", 9) },
    { id: 3, callFrame: frame("", "file:///w/dist/src/gateway.js", 0) },
    { id: 4, callFrame: frame("dispatch", "file:///w/node_modules/undici/lib/client.js", 9) },
  ],
  samples: [1, 2, 3, 4],
  timeDeltas: [100, 3000, 1000, 2000, 4000],
};

test("self time is summed by function, from each sample to the next, over all stacks it was in", () => {
  expect(sumSelfTimes(profile)).toEqual([
    { name: "dispatch", where: "undici/lib/client.js:10", selfMs: 5 },
    { name: "(idle)", where: "", selfMs: 3 },
    { name: "(anonymous)", where: "src/gateway.js:1", selfMs: 2 },
  ]);
});

test("shares are of the busy time", () => {
  const table = tabulateSelfTimes("main", sumSelfTimes(profile), 1);
  expect(table.title).toBe("main: 7 ms busy");
  expect(table.rows).toEqual([["dispatch undici/lib/client.js:10", "5", "71.4"]]);
});
