import { describe, expect, test } from "vitest";
import { drawReport } from "../../../../bench/report/report-page.js";
import { parseRecord, type RunRecord, writeRecord } from "../../../../bench/report/results.js";
import { curveFractions } from "../../../../bench/scenario.js";

const record = (changes: Partial<RunRecord> = {}): RunRecord => ({
  at: "2026-11-21T08:00:00.000Z",
  kind: "full",
  machine: {
    cpu: "A <CPU>",
    cores: 2,
    memoryBytes: 2 ** 34,
    kernel: "linux 6",
    node: "20.20.2",
    loom: "0.1.0",
    commit: "abc",
    versions: { undici: "7.30.2" },
  },
  foreignShare: 0,
  settings: {},
  peers: [],
  peerNames: [],
  results: [
    {
      name: "overhead",
      title: "one connection",
      columns: [{ key: "p50", heading: "p50 ms", digits: 2 }],
      cases: [
        {
          name: "",
          rounds: { direct: [{ p50: 0.1 }, { p50: 0.2 }], loom: [{ p50: 0.5 }, { p50: 0.6 }] },
          curves: {
            direct: curveFractions.map((f) => Number((0.1 + f).toFixed(3))),
            loom: curveFractions.map((f) => Number((0.5 + f).toFixed(3))),
          },
        },
      ],
      guarded: [{ key: "p50", against: "direct", better: "lower", held: "calm" }],
      budgets: [],
      notes: ["A note."],
      faults: [],
    },
  ],
  ...changes,
});

describe("the page of charts", () => {
  const page = drawReport([record({ at: "2026-11-20T08:00:00.000Z" }), record()]);

  test("shows distributions, rounds and the history of each guarded ratio", () => {
    expect(page).toContain("overhead: ms by percentile");
    expect(page).toContain("p50 ms, each round");
    expect(page).toContain("overhead loom: p50 × direct");
    expect(page.match(/<title>2026-11-2[01] abc: 5\.00<\/title>/g)).toHaveLength(2);
    expect(page).not.toContain("NaN");
  });

  test("needs no other file and runs nothing", () => {
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import/);
  });

  test("shows names as text", () => {
    expect(page).toContain("A &#60;CPU&#62;");
  });

  test("shows the latest full run, and a quick one only when there is no other", () => {
    const quick = record({ at: "2026-11-22T08:00:00.000Z", kind: "quick" });
    expect(drawReport([record(), quick])).toContain("a full run of Loom");
    expect(drawReport([quick])).toContain("a quick run of Loom");
    expect(() => drawReport([])).toThrow("no results");
  });
});

test("results are read back as they were written, and other files are refused", () => {
  expect(parseRecord(writeRecord(record()), "a.json")).toEqual(record());
  expect(() => parseRecord('{"results":[{"rounds":{}}]}', "old.json")).toThrow("old.json holds no results");
});
