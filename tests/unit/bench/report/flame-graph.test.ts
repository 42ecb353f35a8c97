import { describe, expect, it } from "vitest";
import { drawFlames, stackFlames } from "../../../../bench/report/flame-graph.js";

const frame = (functionName: string, url: string, lineNumber: number) => ({ functionName, url, lineNumber });
const profile = {
  nodes: [
    { id: 1, callFrame: frame("(root)", "", -1), children: [2, 3, 5] },
    { id: 2, callFrame: frame("(idle)", "", -1) },
    { id: 3, callFrame: frame("take<T>", "file:///w/dist/src/gateway.js", 4), children: [4] },
    { id: 4, callFrame: frame("write", "node:net", 9) },
    { id: 5, callFrame: frame("take<T>", "file:///w/dist/src/gateway.js", 4), children: [6] },
    { id: 6, callFrame: frame("write", "node:net", 9) },
  ],
  samples: [2, 3, 4, 6, 2],
  timeDeltas: [0, 5000, 1000, 2000, 3000],
};

describe("a flame graph", () => {
  it("joins the same calls of the same callers, and leaves idle time out", () => {
    const root = stackFlames(profile);
    expect(root.ms).toBe(6);
    const [take] = [...root.callees.values()];
    expect([root.callees.size, take?.label, take?.ms, take?.owner]).toEqual([1, "take<T> src/gateway.js:5", 6, "Loom"]);
    const [write] = [...(take?.callees.values() ?? [])];
    expect([write?.label, write?.ms, write?.owner]).toEqual(["write node:net:10", 5, "Node"]);
  });

  it("is one picture without a script, in which no name breaks out of its place", () => {
    const svg = drawFlames(profile, "main <b>");
    expect(svg).toContain("main &#60;b&#62;: 6 ms busy");
    expect(svg).toContain("take&#60;T&#62; src/gateway.js:5: 6 ms, 100.0 %");
    expect(svg).not.toMatch(/<script|<b>|<T>/);
    expect(drawFlames({ nodes: [], samples: [], timeDeltas: [] }, "nothing")).toContain("0 ms busy");
  });
});
