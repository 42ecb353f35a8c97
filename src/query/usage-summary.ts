// The figures of a window of time, with those of the equally long one before beside them.
import { type FiguresRow, figuresOfRows, figuresOfSums, makeFigures } from "./figures.js";
import { isSummable } from "./filter.js";
import { Parameters } from "./filter-sql.js";
import { readFilterValues } from "./read-parameters.js";
import type { Query } from "./reader.js";
import type { Summary } from "./schema/analytics.js";
import type { FilterValues } from "./schema/parameters.js";
import { isoOf, readWindow, type TimeSpan } from "./time-span.js";
import { rowsSource, sumsSource } from "./usage-source.js";

export type WindowValues = FilterValues & {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly window?: string | undefined;
  readonly windowHours?: string | undefined;
};

export const defaultWindowMs = 86_400_000;
/** Of figures that are not by time. */
export const anyTime = "'epoch'::timestamptz";

export async function readSummary(
  query: Query,
  values: WindowValues,
  tenantId: string,
  nowMs: number,
): Promise<Summary> {
  const span = readWindow(values, nowMs, defaultWindowMs);
  const before = { fromMs: 2 * span.fromMs - span.toMs, toMs: span.fromMs };
  const filter = readFilterValues(values);
  const source = isSummable(filter) ? "rollups" : "traces";
  const parameters = new Parameters();
  const make = (name: string, of: TimeSpan) => {
    const question = { tenantId, filter, span: of };
    const grouping = { g: `'${name}'`, t: anyTime };
    if (source === "traces") return rowsSource(question, grouping, parameters);
    return sumsSource(question, grouping, { coarsest: "day", isDetailed: filter.length > 0 }, parameters);
  };
  const both = `${make("window", span)}\nUNION ALL\n${make("before", before)}`;
  const rows = await query<FiguresRow>(
    source === "traces" ? figuresOfRows(both) : figuresOfSums(both),
    parameters.values,
  );
  const figuresOf = (name: string) =>
    makeFigures(
      rows.find(({ g }) => g === name),
      source,
    );
  return {
    ...figuresOf("window"),
    window: spanOf(span),
    previousWindow: spanOf(before),
    previous: figuresOf("before"),
    source,
  };
}

export function spanOf({ fromMs, toMs }: TimeSpan): { from: string; to: string } {
  return { from: isoOf(fromMs), to: isoOf(toMs) };
}
