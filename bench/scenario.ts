// What every scenario has in common: rounds that visit each target in turn, what Loom and nginx add to the direct way
// within the same round, and one table of medians and spreads.
import type { CpuPart } from "./cpu-meter.js";
import { type Spread, spreadOf } from "./statistics.js";
import { drawSpread, type Table } from "./table.js";
import type { Target, TargetName, World } from "./world.js";

/** One target in one round. */
export type Figures = Readonly<Record<string, number>>;

export type Column = {
  readonly key: string;
  readonly heading: string;
  readonly digits: number;
  /** `added`: the difference to the direct way in the same round; `ratio`: the quotient. */
  readonly against?: "added" | "ratio";
};

export type ScenarioResult = {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rounds: Readonly<Partial<Record<TargetName, readonly Figures[]>>>;
  readonly notes: readonly string[];
  /** What makes the figures worthless: failed requests, missing rows, changed bytes. */
  readonly faults: readonly string[];
};

export type Effort = { readonly rounds: number /** Factor of every amount of work. */; readonly scale: number };

export type Scenario = {
  readonly name: string;
  run(world: World, effort: Effort): Promise<ScenarioResult>;
};

export const cpuColumns: readonly Column[] = [
  { key: "main", heading: "main µs", digits: 0 },
  { key: "lanes", heading: "lanes µs", digits: 0 },
  { key: "other", heading: "other µs", digits: 0 },
  { key: "postgres", heading: "Postgres µs", digits: 0 },
  { key: "nginx", heading: "nginx µs", digits: 0 },
];

/** The CPU that belongs to a target: a direct request costs none of Loom's, whatever Loom does meanwhile. */
export function cpuOf(target: TargetName, cpu: Readonly<Record<CpuPart, number>>): Figures {
  if (target === "nginx") return { nginx: cpu.nginx };
  if (target === "direct") return {};
  return { main: cpu.main, lanes: cpu.lanes, other: cpu.other, postgres: cpu.postgres };
}

/** Each round visits every target, each time in another order, so that drift of the machine hits all alike. */
export async function runRounds(
  targets: readonly Target[],
  rounds: number,
  measure: (target: Target) => Promise<Figures>,
): Promise<ScenarioResult["rounds"]> {
  const found: Partial<Record<TargetName, Figures[]>> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < targets.length; turn += 1) {
      const target = targets[(round + turn) % targets.length];
      if (target === undefined) continue;
      const figures = await measure(target);
      found[target.name] = [...(found[target.name] ?? []), figures];
    }
  }
  return found;
}

/** The column's figure of a target over all rounds; undefined for what was not measured there. */
export function summarise(rounds: ScenarioResult["rounds"], name: TargetName, column: Column): Spread | undefined {
  if (column.against !== undefined && name === "direct") return undefined;
  const values = (rounds[name] ?? []).flatMap((figures, round) => {
    const own = figures[column.key];
    if (own === undefined || Number.isNaN(own)) return [];
    if (column.against === undefined) return [own];
    const direct = rounds.direct?.[round]?.[column.key];
    if (direct === undefined) return [];
    return [column.against === "added" ? own - direct : own / direct];
  });
  return values.length === 0 ? undefined : spreadOf(values);
}

const targetOrder: readonly TargetName[] = ["direct", "nginx", "loom"];

export function tabulate(result: ScenarioResult): Table {
  const present = targetOrder.filter((name) => result.rounds[name] !== undefined);
  const count = Math.max(...present.map((name) => result.rounds[name]?.length ?? 0));
  return {
    title: `${result.name}: ${result.title}${count > 1 ? `; median (lowest…highest) of ${count} rounds` : ""}`,
    headings: ["", ...result.columns.map((column) => column.heading)],
    rows: present.map((name) => [
      name,
      ...result.columns.map((column) => drawSpread(summarise(result.rounds, name, column), column.digits)),
    ]),
    notes: [...result.notes, ...result.faults.map((fault) => `FAULT: ${fault}`)],
  };
}
