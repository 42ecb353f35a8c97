import { describe, expect, test } from "vitest";
import type { Column, Rounds } from "../../../bench/scenario.js";
import { summarise, tabulate } from "../../../bench/summary.js";

const p50: Column = { key: "p50", heading: "p50", digits: 1 };
const added: Column = { ...p50, heading: "added", against: "added" };
const ratio: Column = { ...p50, heading: "ratio", against: "ratio" };

const rounds: Rounds = {
  direct: [{ p50: 1 }, { p50: 4 }, { p50: 2 }],
  loom: [{ p50: 2 }, { p50: 6 }, { p50: 8 }],
};

describe("a summary", () => {
  test("compares with the direct way of the same round, so that a slow minute counts on both sides", () => {
    expect(summarise(rounds, "loom", added)).toEqual({ median: 2, low: 1, high: 6 });
    expect(summarise(rounds, "loom", ratio)).toEqual({ median: 2, low: 1.5, high: 4 });
  });

  test("compares CPU with all that nginx used in the same round", () => {
    const used: Rounds = {
      nginx: [{ all: 10 }, { all: 20 }],
      loom: [{ main: 30 }, { main: 40 }],
    };
    const main: Column = { key: "main", heading: "main × nginx", digits: 1, against: "nginx" };
    expect(summarise(used, "loom", main)).toEqual({ median: 2.5, low: 2, high: 3 });
    expect(summarise(used, "nginx", { ...main, key: "all" })).toBeUndefined();
    expect(summarise({ loom: [{ main: 30 }] }, "loom", main)).toBeUndefined();
  });

  test("of the direct way has no difference to itself", () => {
    expect(summarise(rounds, "direct", added)).toBeUndefined();
    expect(summarise(rounds, "direct", p50)).toEqual({ median: 2, low: 1, high: 4 });
  });

  test("of a way that did not run, or of what was not measured, is absent", () => {
    expect(summarise(rounds, "nginx", p50)).toBeUndefined();
    expect(summarise(rounds, "loom", { ...p50, key: "main" })).toBeUndefined();
    expect(summarise({ loom: [{ p50: Number.NaN }] }, "loom", p50)).toBeUndefined();
  });
});

test("the table says how many rounds there were and shows faults below the figures", () => {
  const table = tabulate({
    name: "one",
    title: "a title",
    columns: [p50, added],
    cases: [
      { name: "", rounds },
      { name: "32", rounds: { loom: [{ p50: 3 }] } },
    ],
    guarded: [],
    budgets: [],
    notes: ["A note."],
    faults: ["3 requests failed"],
  });
  expect(table).toEqual({
    title: "one: a title; median (lowest…highest) of 3 rounds",
    headings: ["", "p50", "added"],
    rows: [
      ["direct", "2.0 (1.0…4.0)", "–"],
      ["loom", "6.0 (2.0…8.0)", "2.0 (1.0…6.0)"],
      ["32 loom", "3.0", "–"],
    ],
    notes: ["A note.", "FAULT: 3 requests failed"],
  });
});
