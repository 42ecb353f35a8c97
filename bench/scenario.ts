// What a scenario is and gives: cases, each with rounds that visit every target in turn, and what of it is guarded.
import type { CpuReading } from "./cpu/cpu-meter.js";
import { percentile, sortSamples } from "./statistics.js";
import type { Target, World } from "./world.js";

/** One target in one round. */
export type Figures = Readonly<Record<string, number>>;

export type Column = {
  readonly key: string;
  readonly heading: string;
  readonly digits: number;
  /**
   * `added`: the difference to the direct way in the same round; `ratio`: the quotient; `nginx`: the quotient with all
   * that nginx used in that round, the unit in which CPU is compared between machines.
   */
  readonly against?: "added" | "ratio" | "nginx";
};

/** A figure of Loom that must not get worse. */
export type Guarded = {
  readonly key: string;
  /**
   * `direct`: the quotient with the direct way's figure of that name; `nginx`: with the CPU (`all`) of nginx; `own`: the
   * figure is a ratio as it stands.
   */
  readonly against: "direct" | "nginx" | "own";
  readonly better: "lower" | "higher";
  readonly held: Held;
};

/**
 * When a figure is held against its bound. `always`: a busy machine hardly moves it; `calm`: only while no other programs
 * use the machine; `full`: the same, and not in a quick run, which has too few requests for it.
 */
export type Held = "always" | "calm" | "full";

/** A bound in ms on what a target adds to the direct way, in the best round; in all cases when none is named. */
export type Budget = {
  readonly key: string;
  readonly addedMsMax: number;
  readonly held: Held;
  readonly cases?: readonly string[];
};

export type Rounds = Readonly<Record<string, readonly Figures[]>>;

/** Latencies of one target over all rounds, as quantiles at `curveFractions`, ms. */
export type Curve = readonly number[];

export type Case = {
  /** Empty when the scenario has only one. */
  readonly name: string;
  readonly rounds: Rounds;
  readonly curves?: Readonly<Record<string, Curve>>;
};

export type ScenarioResult = {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly cases: readonly Case[];
  readonly guarded: readonly Guarded[];
  readonly budgets: readonly Budget[];
  readonly notes: readonly string[];
  /** What makes the figures worthless: failed requests, missing rows, changed bytes. */
  readonly faults: readonly string[];
};

export type Effort = {
  readonly kind: "quick" | "full";
  readonly rounds: number;
  /** No round begins after this time (of `performance.now`), but for the first one. */
  readonly deadlineMs: number;
  /** Factor of every amount of work. */
  readonly scale: number;
  readonly soakSeconds: number;
};

export type Scenario = {
  readonly name: string;
  /** One line for the usage. */
  readonly says: string;
  /** After this time no further round begins; `null`: a quick run leaves it out unless it is named. */
  readonly seconds: { readonly quick: number | null; readonly full: number };
  run(world: World, effort: Effort): Promise<ScenarioResult>;
};

/** Quantiles that are kept of every distribution; dense where the tail is. */
export const curveFractions = [
  0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 1,
] as const;

export const cpuColumns: readonly Column[] = [
  { key: "main", heading: "main µs", digits: 0 },
  { key: "lanes", heading: "lanes µs", digits: 0 },
  { key: "other", heading: "other µs", digits: 0 },
  { key: "postgres", heading: "Postgres µs", digits: 0 },
  { key: "all", heading: "all µs", digits: 0 },
  { key: "main", heading: "main × nginx", digits: 1, against: "nginx" },
  { key: "all", heading: "all × nginx", digits: 1, against: "nginx" },
];

export const cpuGuards: readonly Guarded[] = [
  { key: "main", against: "nginx", better: "lower", held: "calm" },
  // A quick run has little behind it: just after a build 38 and 54 times nginx were seen where a full run has 13 to 19.
  { key: "all", against: "nginx", better: "lower", held: "full" },
];

/** The parts of a target and their sum; none for the direct way, whatever Loom does meanwhile. */
export function cpuOf(perUnit: CpuReading): Figures {
  const parts = Object.values(perUnit);
  return parts.length === 0 ? {} : { ...perUnit, all: parts.reduce((sum, part) => sum + part, 0) };
}

/** Gathers the latencies of all rounds of a case, by target. */
export class CurveKeeper {
  readonly #samples = new Map<string, Float64Array[]>();

  add(target: string, samplesMs: Float64Array): void {
    this.#samples.set(target, [...(this.#samples.get(target) ?? []), samplesMs]);
  }

  curves(): Record<string, Curve> {
    return Object.fromEntries([...this.#samples].map(([target, parts]) => [target, drawCurve(parts)]));
  }
}

function drawCurve(parts: readonly Float64Array[]): Curve {
  const sorted = sortSamples(parts.flatMap((part) => [...part]));
  return curveFractions.map((fraction) => percentile(sorted, fraction));
}

/** Each round visits every target, each time in another order, so that drift of the machine hits all alike. */
export async function runRounds(
  targets: readonly Target[],
  { rounds, deadlineMs }: Pick<Effort, "rounds" | "deadlineMs">,
  measure: (target: Target, round: number) => Promise<Figures>,
): Promise<Rounds> {
  const found: Record<string, Figures[]> = Object.fromEntries(targets.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadlineMs); round += 1) {
    for (let turn = 0; turn < targets.length; turn += 1) {
      const target = targets[(round + turn) % targets.length];
      if (target !== undefined) found[target.name]?.push(await measure(target, round));
    }
  }
  return found;
}
