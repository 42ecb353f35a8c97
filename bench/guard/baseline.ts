// bench/baseline.json: for each guarded ratio what it was and how much it varies, from repeated runs. Ratios and not
// times, so that it holds on other machines.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Machine } from "../report/machine.js";
import { median } from "../statistics.js";
import type { Bound, Ratio } from "./guard.js";

export type Baseline = {
  readonly at: string;
  readonly machine: Machine;
  /** Runs that it was taken from. */
  readonly runs: number;
  /** The largest share of the machine that other programs had in one of them. */
  readonly foreignShare: number;
  readonly ratios: Readonly<Record<string, Bound>>;
};

/** Even a figure that never moved may move a little. */
export const toleranceMin = 0.2;
/** What the runs did not show of the spread that there is. */
const spreadFactor = 2;

/** From the ratios of each run; `kept` are those of an earlier baseline that these runs did not measure. */
export function composeBounds(
  runs: readonly (readonly Ratio[])[],
  kept: Readonly<Record<string, Bound>> = {},
): Record<string, Bound> {
  const values = new Map<string, number[]>();
  for (const { name, value } of runs.flat()) values.set(name, [...(values.get(name) ?? []), value]);
  const made = [...values].map(([name, list]): [string, Bound] => {
    const middle = median(list);
    const farthest = Math.max(...list.map((value) => Math.max(value / middle, middle / value) - 1));
    return [name, { value: round(middle), tolerance: round(Math.max(toleranceMin, farthest * spreadFactor)) }];
  });
  return { ...kept, ...Object.fromEntries(made) };
}

/** Null when there is none. Throws an Error when the file is none. */
export function readBaseline(file: URL): Baseline | null {
  if (!existsSync(file)) return null;
  const read = JSON.parse(readFileSync(file, "utf8")) as Partial<Baseline>;
  if (typeof read.ratios !== "object") throw new Error(`${file.pathname} is no baseline of the bench.`);
  return read as Baseline;
}

export function writeBaseline(file: URL, baseline: Baseline): void {
  writeFileSync(file, `${JSON.stringify(baseline, null, 2)}\n`);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
