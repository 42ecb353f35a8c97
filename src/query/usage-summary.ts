// The figures of a window of time, with those of the equally long one before beside them.
import { type FiguresRow, figuresOfRows, figuresOfSums, makeFigures } from "./figures.js";
import { isSummable } from "./filter.js";
import { Parameters } from "./filter-sql.js";
import { readFilterValues } from "./read-parameters.js";
import type { Query } from "./reader.js";
import type { Summary } from "./schema/analytics.js";
import type { FilterValues } from "./schema/parameters.js";
import { isoOf, readWindow, type TimeSpan } from "./time-span.js";
import { joinSources, rowsSource, sumsSource } from "./usage-source.js";

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
  const windows = { window: span, before };
  const parts = Object.entries(windows).map(([name, of]) => ({
    question: { tenantId, filter, span: of },
    grouping: { g: `'${name}'`, t: anyTime },
  }));
  const level = { coarsest: "day", isDetailed: filter.length > 0 } as const;
  const text =
    source === "traces"
      ? figuresOfRows(
          parts.map(({ question, grouping }) => rowsSource(question, grouping, parameters)).join(" UNION ALL "),
        )
      : figuresOfSums(
          joinSources(parts.map(({ question, grouping }) => sumsSource(question, grouping, level, parameters))),
        );
  const rows = await query<FiguresRow>(text, parameters.values);
  const figuresOf = (name: keyof typeof windows) => makeFigures(rows.find(({ g }) => g === name));
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
