import { expect, test } from "vitest";
import { CurveKeeper, cpuOf, curveFractions, runRounds } from "../../../bench/scenario.js";
import type { Target } from "../../../bench/world.js";

const targets = (["direct", "nginx", "loom"] as const).map(
  (name): Target => ({ name, kind: name, url: "", key: "", meter: () => ({}) }),
);

test("rounds visit every target, each time from another one on", async () => {
  const visits: string[] = [];
  const found = await runRounds(targets, { rounds: 2, deadlineMs: Number.POSITIVE_INFINITY }, ({ name }) => {
    visits.push(name);
    return Promise.resolve({ visit: visits.length });
  });
  expect(visits).toEqual(["direct", "nginx", "loom", "nginx", "loom", "direct"]);
  expect(found).toEqual({
    direct: [{ visit: 1 }, { visit: 6 }],
    nginx: [{ visit: 2 }, { visit: 4 }],
    loom: [{ visit: 3 }, { visit: 5 }],
  });
});

test("no round begins when its time is over, but for the first one", async () => {
  const late = { rounds: 5, deadlineMs: performance.now() - 1 };
  const found = await runRounds(targets, late, () => Promise.resolve({ visit: 1 }));
  expect(Object.values(found).map((list) => list.length)).toEqual([1, 1, 1]);
});

test("a way is charged for its own processes only, and the direct one for none", () => {
  expect(cpuOf({})).toEqual({});
  expect(cpuOf({ nginx: 5 })).toEqual({ nginx: 5, all: 5 });
  expect(cpuOf({ main: 1, lanes: 2, other: 3, postgres: 4 })).toMatchObject({ main: 1, all: 10 });
});

test("a curve holds the quantiles of all rounds together", () => {
  const keeper = new CurveKeeper();
  keeper.add(
    "loom",
    Float64Array.from({ length: 50 }, (_, at) => 100 - at),
  );
  keeper.add(
    "loom",
    Float64Array.from({ length: 50 }, (_, at) => at + 1),
  );
  const curve = keeper.curves()["loom"] ?? [];
  expect(curve).toHaveLength(curveFractions.length);
  expect([curve[0], curve[curveFractions.indexOf(0.5)], curve.at(-1)]).toEqual([1, 50, 100]);
});
