// Which rows have a partial index of their own on loom.traces, and which filters find only such rows. The conditions
// are literals: the planner matches a partial index with constants, not with parameters.
import type { Filter, Term } from "./filter.js";

/** The least number that passes the term; null when any may. */
function lowestOf({ isNegated, test }: Term): number | null {
  if (isNegated) return null;
  if (test.kind === "ranges") return Math.min(...test.ranges.map(({ low }) => low));
  return test.kind === "compare" && !test.comparison.startsWith("<") ? test.value : null;
}

function isAtLeast(term: Term, name: string, least: number): boolean {
  return term.field.name === name && (lowestOf(term) ?? Number.NEGATIVE_INFINITY) >= least;
}

function isFailure(term: Term): boolean {
  const { field, isNegated, test } = term;
  if (field.name === "outcome" && test.kind === "any") {
    const names = test.values.map(({ text }) => text);
    return isNegated ? names.includes("complete") : !names.includes("complete");
  }
  return (field.name === "error" && !isNegated) || isAtLeast(term, "status", 400);
}

/** The rarest first; migrations/0010_queries.sql and 0022_rare_rows.sql have the indexes. */
const rareRows: readonly { readonly condition: string; readonly covers: (term: Term) => boolean }[] = [
  { condition: "status_code >= 500", covers: (term) => isAtLeast(term, "status", 500) },
  { condition: "estimated_cost_usd >= 0.05", covers: (term) => isAtLeast(term, "cost", 0.05) },
  { condition: "outcome <> 'complete'", covers: isFailure },
  { condition: "latency_ms >= 10000", covers: (term) => isAtLeast(term, "latency", 10_000) },
];

/** A condition that holds for everything that passes the filter, and that an index is limited to; null without one. */
export function rareCondition(filter: Filter): string | null {
  return rareRows.find(({ covers }) => filter.some(covers))?.condition ?? null;
}
