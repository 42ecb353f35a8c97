// The largest groups of a window: by model, key, user, ... These are also the values that a filter may take.
import { type FiguresRow, figuresOfRows, figuresOfSums, makeFigures } from "./figures.js";
import { isSummable } from "./filter.js";
import { Parameters } from "./filter-sql.js";
import { type Dimension, dimensionOf, groupFilter, groupSql, groupValue } from "./grouping.js";
import { readFilterValues } from "./read-parameters.js";
import type { Query } from "./reader.js";
import type { Top } from "./schema/analytics.js";
import { readWindow } from "./time-span.js";
import { rowsSource, sumsSource, type UsageQuestion } from "./usage-source.js";
import { anyTime, defaultWindowMs, spanOf, type WindowValues } from "./usage-summary.js";

export type TopValues = WindowValues & {
  readonly by: string;
  readonly metric?: "requests" | "cost" | "tokens" | "errors" | undefined;
  readonly limit?: string | undefined;
};

type Metric = NonNullable<TopValues["metric"]>;

const metricSql: Readonly<Record<Metric, string>> = {
  requests: "requests",
  cost: "cost_usd",
  tokens: "total_tokens",
  errors: "errors + truncated + interrupted + refused",
};
const defaultGroups = 10;

export type RankedRow = FiguresRow & { readonly group_count: string };

export type RankOptions = {
  readonly metric: Metric;
  readonly limit: number;
  readonly percentiles?: "with" | "without";
};

/** The largest groups, the largest first. */
export async function rankGroups(
  query: Query,
  question: UsageQuestion,
  dimension: Dimension,
  { metric, limit, percentiles = "with" }: RankOptions,
): Promise<{ rows: RankedRow[]; groupCount: number; source: "rollups" | "traces" }> {
  const parameters = new Parameters();
  const source = dimension.ofSums !== null && isSummable(question.filter) ? "rollups" : "traces";
  const figures =
    source === "traces"
      ? figuresOfRows(rowsSource(question, { g: groupSql("value"), t: anyTime }, parameters, dimension.ofRows))
      : figuresOfSums(
          sumsSource(
            question,
            { g: groupSql(dimension.ofSums ?? ""), t: anyTime },
            { coarsest: "day", isDetailed: true },
            parameters,
          ),
          percentiles,
        );
  const rows = await query<RankedRow>(
    `SELECT *, count(*) OVER () AS group_count FROM (${figures}) figures
      ORDER BY ${metricSql[metric]} DESC NULLS LAST, g LIMIT ${limit}`,
    parameters.values,
  );
  return { rows, groupCount: Number(rows[0]?.group_count ?? 0), source };
}

export async function readTop(query: Query, values: TopValues, tenantId: string, nowMs: number): Promise<Top> {
  const span = readWindow(values, nowMs, defaultWindowMs);
  const dimension = dimensionOf(values.by);
  const metric = values.metric ?? "requests";
  const limit = values.limit === undefined ? defaultGroups : Number(values.limit);
  const question = { tenantId, filter: readFilterValues(values), span };
  const { rows, groupCount, source } = await rankGroups(query, question, dimension, { metric, limit });
  const labels = await readLabels(query, dimension, tenantId);
  return {
    window: spanOf(span),
    by: values.by,
    metric,
    groupCount,
    data: rows.map((row) => ({
      ...makeFigures(row),
      group: groupValue(row.g),
      label: labels.get(row.g) ?? null,
      filter: groupFilter(dimension, row.g),
    })),
    source,
  };
}

/** Group -> its name for people, where it is another than its value. */
export async function readLabels(
  query: Query,
  { name }: Dimension,
  tenantId: string,
): Promise<ReadonlyMap<string, string>> {
  if (name !== "key") return new Map();
  const keys = await query<{ id: string; label: string }>(
    `SELECT id, CASE name WHEN '' THEN prefix ELSE name END AS label FROM loom.api_keys WHERE tenant_id = $1`,
    [tenantId],
  );
  return new Map(keys.map(({ id, label }) => [`v${id}`, label]));
}
