// From rounds to figures: what a target adds to the direct way within the same round, as a median with its spread, and
// one table a scenario. Pure.
import { drawSpread, type Table } from "./report/table.js";
import type { Case, Column, Rounds, ScenarioResult } from "./scenario.js";
import { type Spread, spreadOf } from "./statistics.js";

/** The column's figure of a target over all rounds; undefined for what was not measured there. */
export function summarise(rounds: Rounds, name: string, column: Column): Spread | undefined {
  const values = (rounds[name] ?? []).flatMap((figures, round) => {
    const value = compare(rounds, name, column, figures[column.key], round);
    return value === undefined || Number.isNaN(value) ? [] : [value];
  });
  return values.length === 0 ? undefined : spreadOf(values);
}

function compare(
  rounds: Rounds,
  name: string,
  { key, against }: Column,
  own: number | undefined,
  round: number,
): number | undefined {
  if (own === undefined || against === undefined) return own;
  const isNginx = against === "nginx";
  if (name === (isNginx ? "nginx" : "direct")) return undefined;
  const other = isNginx ? rounds["nginx"]?.[round]?.["all"] : rounds["direct"]?.[round]?.[key];
  if (other === undefined) return undefined;
  return against === "added" ? own - other : own / other;
}

export function tabulate(result: ScenarioResult): Table {
  const counts = result.cases.flatMap(({ rounds }) => Object.values(rounds).map((list) => list.length));
  const count = Math.max(0, ...counts);
  return {
    title: `${result.name}: ${result.title}${count > 1 ? `; median (lowest…highest) of ${count} rounds` : ""}`,
    headings: ["", ...result.columns.map((column) => column.heading)],
    rows: result.cases.flatMap((one) => tabulateCase(one, result.columns)),
    notes: [...result.notes, ...result.faults.map((fault) => `FAULT: ${fault}`)],
  };
}

function tabulateCase({ name, rounds }: Case, columns: readonly Column[]): string[][] {
  return Object.entries(rounds)
    .filter(([, list]) => list.length > 0)
    .map(([target]) => [
      name === "" ? target : `${name} ${target}`,
      ...columns.map((column) => drawSpread(summarise(rounds, target, column), column.digits)),
    ]);
}
