// The figures of a window by time, for all requests or for its largest groups. Buckets without requests are there.
import { setImmediate as nextTurn } from "node:timers/promises";
import { LoomError } from "../errors/loom-error.js";
import { type FiguresRow, figuresOfRows, figuresOfSums, makeFigures } from "./figures.js";
import { isSummable } from "./filter.js";
import { Parameters } from "./filter-sql.js";
import { type Dimension, dimensionOf, groupAll, groupOthers, groupValue, limitedGroupSql } from "./grouping.js";
import { readFilterValues } from "./read-parameters.js";
import type { Query } from "./reader.js";
import type { Timeseries } from "./schema/analytics.js";
import { allBucketsSql, type Buckets, bucketSql, coarsestSums, readBuckets } from "./time-buckets.js";
import { isoOf, readWindow } from "./time-span.js";
import { rowsSource, sumsSource, type UsageQuestion } from "./usage-source.js";
import { defaultWindowMs, spanOf, type WindowValues } from "./usage-summary.js";
import { rankGroups, readLabels } from "./usage-top.js";

export type TimeseriesValues = WindowValues & {
  readonly bucket?: string | undefined;
  readonly bucketMinutes?: string | undefined;
  readonly groupBy?: string | undefined;
  readonly groups?: string | undefined;
  readonly timeZone?: string | undefined;
};

type Source = "rollups" | "traces";
/** Which groups have a series of their own. */
type Groups = { readonly dimension: Dimension; readonly names: readonly string[]; readonly count: number };

const defaultGroups = 8;
const pointsMax = 20_000;
const minuteMs = 60_000;
const pointsPerTurn = 25;

export async function readTimeseries(
  query: Query,
  values: TimeseriesValues,
  tenantId: string,
  nowMs: number,
): Promise<Timeseries> {
  const span = readWindow(values, nowMs, defaultWindowMs);
  const buckets = readBuckets(values, span);
  const question = { tenantId, filter: readFilterValues(values), span };
  const wanted = values.groups === undefined ? defaultGroups : Number(values.groups);
  if (((span.toMs - span.fromMs) / buckets.widthMs) * (values.groupBy === undefined ? 1 : wanted) > pointsMax) {
    throw new LoomError("bad_request", { message: "That would be too many points: widen `bucket`.", param: "bucket" });
  }
  const groups = await findGroups(query, question, values.groupBy, wanted);
  const isSummed = isSummable(question.filter) && (groups === null || groups.dimension.ofSums !== null);
  const source: Source = isSummed ? "rollups" : "traces";
  const parameters = new Parameters();
  const found = await query<{ t: Date }>(allBucketsSql(span, buckets, parameters), parameters.values);
  const times = found.map(({ t }) => t.getTime());
  const rows = await readFigures(query, question, { buckets, groups, source, times });
  const labels = groups === null ? new Map<string, string>() : await readLabels(query, groups.dimension, tenantId);
  return {
    window: spanOf(span),
    bucketMinutes: buckets.widthMs / minuteMs,
    timeZone: buckets.timeZone,
    groupBy: values.groupBy ?? null,
    groupCount: groups?.count ?? 1,
    series: await makeSeries(rows, { times, groups, labels }),
    source,
  };
}

async function findGroups(
  query: Query,
  question: UsageQuestion,
  groupBy: string | undefined,
  limit: number,
): Promise<Groups | null> {
  if (groupBy === undefined) return null;
  const dimension = dimensionOf(groupBy);
  const { rows, groupCount } = await rankGroups(query, question, dimension, {
    metric: "requests",
    limit,
    percentiles: "without",
  });
  return { dimension, names: rows.map(({ g }) => g), count: groupCount };
}

type FigureParts = {
  readonly buckets: Buckets;
  readonly groups: Groups | null;
  readonly source: Source;
  readonly times: readonly number[];
};

function readFigures(
  query: Query,
  question: UsageQuestion,
  { buckets, groups, source, times }: FigureParts,
): Promise<FiguresRow[]> {
  const parameters = new Parameters();
  const t = bucketSql("moment", buckets, parameters);
  const groupOf = (value: string) => limitedGroupSql(value, parameters.add(groups?.names ?? []));
  if (source === "traces") {
    const g = groups === null ? `'${groupAll}'` : groupOf("value");
    return query(
      figuresOfRows(rowsSource(question, { g, t }, parameters, groups?.dimension.ofRows)),
      parameters.values,
    );
  }
  const g = groups === null ? `'${groupAll}'` : groupOf(groups.dimension.ofSums ?? "");
  const isDetailed = groups !== null || question.filter.length > 0;
  const coarsest = coarsestSums(buckets, question.span);
  const level = { coarsest, isDetailed, borders: times };
  return query(figuresOfSums(sumsSource(question, { g, t }, level, parameters)), parameters.values);
}

type SeriesParts = {
  readonly times: readonly number[];
  readonly groups: Groups | null;
  readonly labels: ReadonlyMap<string, string>;
};

async function makeSeries(rows: readonly FiguresRow[], parts: SeriesParts): Promise<Timeseries["series"]> {
  const { times, groups, labels } = parts;
  const byGroup = new Map<string, Map<number, FiguresRow>>();
  for (const row of rows) {
    const points = byGroup.get(row.g) ?? new Map<number, FiguresRow>();
    points.set(row.t.getTime(), row);
    byGroup.set(row.g, points);
  }
  const names = groups === null ? [groupAll] : [...groups.names, ...(byGroup.has(groupOthers) ? [groupOthers] : [])];
  const series: Timeseries["series"] = [];
  for (const name of names) {
    const points: Timeseries["series"][number]["points"] = [];
    const rowAt = (index: number) => byGroup.get(name)?.get(times[index] ?? Number.NaN);
    for (const [index, atMs] of times.entries()) {
      const neighbours = { before: rowAt(index - 1), after: rowAt(index + 1) };
      points.push({ at: isoOf(atMs), ...makeFigures(rowAt(index), neighbours) });
      // Requests get their turn while histograms are added up.
      if (index % pointsPerTurn === 0) await nextTurn();
    }
    const kind = name === groupAll ? "all" : name === groupOthers ? "others" : "group";
    series.push({ group: groupValue(name), label: labels.get(name) ?? null, kind, points });
  }
  return series;
}
