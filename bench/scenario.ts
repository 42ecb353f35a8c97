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
  /**
   * `added`: the difference to the direct way in the same round; `ratio`: the quotient; `nginx`: the quotient with all
   * that nginx used in that round, the unit in which CPU is compared between machines.
   */
  readonly against?: "added" | "ratio" | "nginx";
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
  { key: "all", heading: "all µs", digits: 0 },
  { key: "main", heading: "main × nginx", digits: 1, against: "nginx" },
  { key: "all", heading: "all × nginx", digits: 1, against: "nginx" },
];

/** The CPU that belongs to a target: a direct request costs none of Loom's, whatever Loom does meanwhile. */
export function cpuOf(target: TargetName, cpu: Readonly<Record<CpuPart, number>>): Figures {
  if (target === "nginx") return { all: cpu.nginx };
  if (target === "direct") return {};
  const { main, lanes, other, postgres } = cpu;
  // A database elsewhere cannot be metered; the sum is then that of the gateway.
  return { main, lanes, other, postgres, all: main + lanes + other + (Number.isNaN(postgres) ? 0 : postgres) };
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
  const values = (rounds[name] ?? []).flatMap((figures, round) => {
    const value = compare(rounds, name, column, figures[column.key], round);
    return value === undefined || Number.isNaN(value) ? [] : [value];
  });
  return values.length === 0 ? undefined : spreadOf(values);
}

function compare(
  rounds: ScenarioResult["rounds"],
  name: TargetName,
  { key, against }: Column,
  own: number | undefined,
  round: number,
): number | undefined {
  if (own === undefined || against === undefined) return own;
  const isNginx = against === "nginx";
  if (name === (isNginx ? "nginx" : "direct")) return undefined;
  const other = isNginx ? rounds.nginx?.[round]?.["all"] : rounds.direct?.[round]?.[key];
  if (other === undefined) return undefined;
  return against === "added" ? own - other : own / other;
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
