// Whether Loom got worse: ratios of its figures to the direct way's and nginx's of the same run against a baseline, and
// the budget. Of each figure the best round counts: a busy machine makes rounds worse, a change of the code all of them.
// Pure.
import type { Table } from "../report/table.js";
import { drawNumber } from "../report/table.js";
import type { Case, Effort, Figures, Guarded, Held, ScenarioResult } from "../scenario.js";

/** A figure of this run. `name`: such as `streams 200 loom: main × nginx`. */
export type Ratio = {
  readonly name: string;
  readonly value: number;
  readonly better: Guarded["better"];
  readonly held: Held;
};

/** What decides whether a figure may be judged. */
export type Circumstances = {
  readonly kind: Effort["kind"];
  /** Share of the machine's CPU time that other programs used; NaN when it is not known. */
  readonly foreignShare: number;
};

/** What a run is held against, and the share that other programs had when it was taken. */
export type Reference = { readonly bounds: Readonly<Record<string, Bound>>; readonly foreignShare: number };

/** What the figure was, and by which share it may be worse. */
export type Bound = { readonly value: number; readonly tolerance: number };

export type Verdict = {
  /** Ratios that were compared with a bound. */
  readonly compared: number;
  readonly worse: readonly Worse[];
};

export type Worse = {
  readonly name: string;
  readonly was: number | null;
  readonly is: number;
  readonly allowed: number;
};

/** Above, the figures of a machine are its neighbours'. */
export const foreignShareMax = 0.15;
/** A core that never sleeps answers sooner, one that others hold later: runs are alike when their shares are. */
const shareDifferenceMax = 0.25;

/** For a comparison with one other run, of which nobody knows how steady it was. */
export const toleranceUnknown = 0.3;
/** A quick run has few requests and often a busy machine: only what became more than 2.5 times as bad is found. */
const toleranceQuick = 1.5;

const references = { direct: "direct", nginx: "nginx" } as const;

/** All guarded ratios of a run. `peers` are not guarded. */
export function findRatios(results: readonly ScenarioResult[], peers: readonly string[]): Ratio[] {
  return results.flatMap(({ name, cases, guarded }) =>
    cases.flatMap((one) =>
      loomsOf(one, peers).flatMap((target) =>
        guarded.flatMap((figure) => {
          const value = ratioOf(one, target, figure);
          const { better, held } = figure;
          const what = figure.against === "own" ? figure.key : `${figure.key} × ${figure.against}`;
          const ratio = { name: `${join(name, one.name)} ${target}: ${what}`, value, better, held };
          return Number.isFinite(value) ? [ratio] : [];
        }),
      ),
    ),
  );
}

/** For budgets, and with the same share on both sides for ratios. */
export function isHeld(held: Held, { kind, foreignShare }: Circumstances): boolean {
  if (held === "always") return true;
  return !(foreignShare > foreignShareMax) && (held === "calm" || kind === "full");
}

/** What is worse than its bound allows. A ratio without a bound is new and passes. */
export function judge(
  ratios: readonly Ratio[],
  { bounds, foreignShare }: Reference,
  circumstances: Circumstances,
): Verdict {
  const isAlike = !(Math.abs(circumstances.foreignShare - foreignShare) > shareDifferenceMax);
  const found = ratios.flatMap((ratio) => {
    const bound = bounds[ratio.name];
    return bound === undefined || !isAlike || !isHeld(ratio.held, circumstances) ? [] : [{ ...ratio, bound }];
  });
  const worse = found.flatMap(({ name, value, better, bound }) => {
    const tolerance = circumstances.kind === "quick" ? Math.max(toleranceQuick, bound.tolerance) : bound.tolerance;
    const allowed = better === "lower" ? bound.value * (1 + tolerance) : bound.value / (1 + tolerance);
    const isWorse = better === "lower" ? value > allowed : value < allowed;
    return isWorse ? [{ name, was: bound.value, is: value, allowed }] : [];
  });
  return { compared: found.length, worse };
}

/** The budgets that were broken, in ms. */
export function judgeBudgets(
  results: readonly ScenarioResult[],
  circumstances: Circumstances,
  peers: readonly string[],
): Worse[] {
  return results.flatMap(({ name, cases, budgets }) =>
    cases.flatMap((one) =>
      loomsOf(one, peers).flatMap((target) =>
        budgets
          .filter(({ held, cases: own = [one.name] }) => isHeld(held, circumstances) && own.includes(one.name))
          .flatMap(({ key, addedMsMax }) => {
            const added = best(one.rounds[target], key, "lower") - best(one.rounds["direct"], key, "lower");
            const broken = { name: `${join(name, one.name)} ${target}: added ${key}, ms`, was: null, is: added };
            return added > addedMsMax ? [{ ...broken, allowed: addedMsMax }] : [];
          }),
      ),
    ),
  );
}

export function tabulateWorse(worse: readonly Worse[], against: string): Table {
  return {
    title: `What got worse, against ${against}`,
    headings: ["figure", "was", "is", "allowed"],
    rows: worse.map(({ name, was, is, allowed }) => [
      name,
      drawNumber(was ?? undefined, 2),
      drawNumber(is, 2),
      drawNumber(allowed, 2),
    ]),
    notes: ["Ratios are of the best round to the best round of the reference, within one run."],
  };
}

function loomsOf({ rounds }: Case, peers: readonly string[]): string[] {
  return Object.keys(rounds).filter((name) => name !== "direct" && name !== "nginx" && !peers.includes(name));
}

function ratioOf({ rounds }: Case, target: string, { key, against, better }: Guarded): number {
  const own = best(rounds[target], key, better);
  if (against === "own") return own;
  const reference = rounds[references[against]];
  return own / best(reference, against === "nginx" ? "all" : key, better);
}

function best(rounds: readonly Figures[] | undefined, key: string, better: Guarded["better"]): number {
  const values = (rounds ?? []).map((figures) => figures[key] ?? Number.NaN).filter((value) => !Number.isNaN(value));
  if (values.length === 0) return Number.NaN;
  return better === "lower" ? Math.min(...values) : Math.max(...values);
}

function join(scenario: string, one: string): string {
  return one === "" ? scenario : `${scenario} ${one}`;
}
