import { describe, expect, test } from "vitest";
import { findRatios, isHeld, judge, judgeBudgets, tabulateWorse } from "../../../../bench/guard/guard.js";
import type { Guarded, Held, ScenarioResult } from "../../../../bench/scenario.js";

const calm = { kind: "full", foreignShare: 0.02 } as const;
const floor: Guarded = { key: "floor", against: "direct", better: "lower", held: "always" };
const guarded: readonly Guarded[] = [
  floor,
  { key: "perSecond", against: "direct", better: "higher", held: "calm" },
  { key: "main", against: "nginx", better: "lower", held: "full" },
  { key: "growth", against: "own", better: "lower", held: "full" },
];

const result: ScenarioResult = {
  name: "overhead",
  title: "",
  columns: [],
  cases: [
    {
      name: "32",
      rounds: {
        direct: [
          { floor: 0.1, perSecond: 9000 },
          { floor: 0.3, perSecond: 10_000 },
        ],
        nginx: [{ all: 60 }, { all: 50 }],
        loom: [
          { floor: 5, main: 200, perSecond: 2000, growth: Number.NaN },
          { floor: 0.5, main: 150, perSecond: 4000 },
        ],
        litellm: [{ floor: 50 }],
      },
    },
  ],
  guarded,
  budgets: [{ key: "floor", addedMsMax: 20, held: "always" }],
  notes: [],
  faults: [],
};

describe("guarded ratios", () => {
  test("are those of the best rounds, of Loom and not of its peers, where both sides were measured", () => {
    const ratios = findRatios([result], ["litellm"]);
    expect(ratios.map(({ name, value }) => [name, value])).toEqual([
      ["overhead 32 loom: floor × direct", 5],
      ["overhead 32 loom: perSecond × direct", 0.4],
      ["overhead 32 loom: main × nginx", 3],
    ]);
  });

  test("on a busy machine are those only that it hardly moves, and fewer in a quick run", () => {
    const held = (kind: "quick" | "full", foreignShare: number): Held[] =>
      (["always", "calm", "full"] as const).filter((one) => isHeld(one, { kind, foreignShare }));
    expect(held("full", 0.02)).toEqual(["always", "calm", "full"]);
    expect(held("quick", 0.02)).toEqual(["always", "calm"]);
    expect(held("full", 0.5)).toEqual(["always"]);
    expect(held("quick", 0.5)).toEqual(["always"]);
    expect(held("full", Number.NaN)).toEqual(["always", "calm", "full"]);
  });
});

describe("the verdict", () => {
  const name = "overhead 32 loom: floor × direct";
  const ratio = (value: number, better: "lower" | "higher" = "lower") =>
    ({ name, value, better, held: "calm" }) as const;

  const held = (bounds: Record<string, { value: number; tolerance: number }>, foreignShare = 0.02) => ({
    bounds,
    foreignShare,
  });

  test("allows what the tolerance allows, and no more", () => {
    const bounds = { [name]: { value: 4, tolerance: 0.25 } };
    expect(judge([ratio(5)], held(bounds), calm)).toEqual({ compared: 1, worse: [] });
    expect(judge([ratio(5.01)], held(bounds), calm).worse).toEqual([{ name, was: 4, is: 5.01, allowed: 5 }]);
  });

  test("turns round for what should be high", () => {
    const bounds = { [name]: { value: 0.5, tolerance: 0.25 } };
    expect(judge([ratio(0.4, "higher")], held(bounds), calm).worse).toEqual([]);
    expect(judge([ratio(0.39, "higher")], held(bounds), calm).worse).toHaveLength(1);
    expect(judge([ratio(9, "higher")], held(bounds), calm).worse).toEqual([]);
  });

  test("has wide bounds in a quick run", () => {
    const bounds = { [name]: { value: 4, tolerance: 0.25 } };
    expect(judge([ratio(9.9)], held(bounds), { kind: "quick", foreignShare: 0 }).worse).toEqual([]);
    expect(judge([ratio(10.1)], held(bounds), { kind: "quick", foreignShare: 0 }).worse).toHaveLength(1);
  });

  test("passes what is new, and what a busy machine spoilt", () => {
    expect(judge([ratio(100)], held({}), calm)).toEqual({ compared: 0, worse: [] });
    const bounds = { [name]: { value: 1, tolerance: 0.1 } };
    expect(judge([ratio(100)], held(bounds), { kind: "full", foreignShare: 0.9 })).toEqual({ compared: 0, worse: [] });
  });
});

test("runs are held against one another when other programs left them alike", () => {
  const name = "overhead loom: floor × direct";
  const ratios = [{ name, value: 9, better: "lower", held: "always" }] as const;
  const bounds = { [name]: { value: 1, tolerance: 0.2 } };
  const compared = (was: number, is: number): number =>
    judge(ratios, { bounds, foreignShare: was }, { kind: "quick", foreignShare: is }).compared;
  expect([compared(0.02, 0.1), compared(0.8, 0.9), compared(0.1, 0.2), compared(Number.NaN, 0.5)]).toEqual([
    1, 1, 1, 1,
  ]);
  expect([compared(0.02, 0.8), compared(0.8, 0.02)]).toEqual([0, 0]);
});

test("a budget is broken by what the best round adds to the direct way", () => {
  expect(judgeBudgets([result], calm, ["litellm"])).toEqual([]);
  expect(judgeBudgets([result], calm, [])).toMatchObject([
    { name: "overhead 32 litellm: added floor, ms", is: 49.9, allowed: 20 },
  ]);
});

test("a budget that names its cases is held for no others", () => {
  const only = (cases: string[]) => ({ ...result, budgets: result.budgets.map((one) => ({ ...one, cases })) });
  expect(judgeBudgets([only(["32"])], calm, [])).toHaveLength(1);
  expect(judgeBudgets([only(["256"])], calm, [])).toEqual([]);
});

test("the table says what each figure was, is and may be", () => {
  const { rows } = tabulateWorse([{ name: "a", was: 4, is: 9.5, allowed: 5 }], "bench/baseline.json");
  expect(rows).toEqual([["a", "4.00", "9.50", "5.00"]]);
});
