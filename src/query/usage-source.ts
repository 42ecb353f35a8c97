// Where figures come from: sums by day, half hour and minute, each where it fits, or single rows where sums cannot
// tell. However long the window, some hundreds of rows of sums are read, not millions of traces.
import { rowColumns, type SumsSource, summedColumns } from "./figures.js";
import type { Filter } from "./filter.js";
import { impliesFailure } from "./filter.js";
import { filterConditions, type Parameters } from "./filter-sql.js";
import { isoOf, type TimeSpan } from "./time-span.js";

export type Granularity = "day" | "half hour" | "minute";

export type UsageQuestion = {
  readonly tenantId: string;
  readonly filter: Filter;
  /** On whole minutes. */
  readonly span: TimeSpan;
};

/** The SQL of a group and of a time, of whatever the source has: `at`, and the columns that it groups by. */
export type Grouping = { readonly g: string; readonly t: string };

const minuteMs = 60_000;
const spanMs = { "half hour": 30 * minuteMs, day: 1440 * minuteMs } as const;
const sumsColumns = [...summedColumns, "latency_packed", "ttfb_packed"].join(", ");
const rollupColumns = [...summedColumns, "latency_buckets", "latency_counts", "ttfb_buckets", "ttfb_counts"].join(", ");

/** Groups are sorted and compared many times, which a language's rules would make slow. */
function byBytes(g: string): string {
  return `(${g})::text COLLATE "C"`;
}

type Segment = { readonly granularity: Granularity; readonly fromMs: number; readonly toMs: number };

/** Cuts a span into the largest units that fit, up to `coarsest`. */
export function cutSpan({ fromMs, toMs }: TimeSpan, coarsest: Granularity): Segment[] {
  if (fromMs >= toMs) return [];
  if (coarsest === "minute") return [{ granularity: "minute", fromMs, toMs }];
  const unit = spanMs[coarsest];
  const finer = coarsest === "day" ? "half hour" : "minute";
  const innerFrom = Math.ceil(fromMs / unit) * unit;
  const innerTo = Math.floor(toMs / unit) * unit;
  if (innerFrom >= innerTo) return cutSpan({ fromMs, toMs }, finer);
  return [
    ...cutSpan({ fromMs, toMs: innerFrom }, finer),
    { granularity: coarsest, fromMs: innerFrom, toMs: innerTo },
    ...cutSpan({ fromMs: innerTo, toMs }, finer),
  ];
}

/** `isDetailed`: by key, provider and model; else the sums of the whole tenant are enough. */
export function sumsSource(
  { tenantId, filter, span }: UsageQuestion,
  { g, t }: Grouping,
  { coarsest, isDetailed }: { readonly coarsest: Granularity; readonly isDetailed: boolean },
  parameters: Parameters,
): SumsSource {
  const tenant = `${parameters.add(tenantId)}::uuid`;
  const conditions = filterConditions(filter, parameters, tenant, "sums");
  const time = (atMs: number) => `${parameters.add(isoOf(atMs))}::timestamptz`;
  const within = (column: string, { fromMs, toMs }: TimeSpan) =>
    `${column} >= ${time(fromMs)} AND ${column} < ${time(toMs)}`;
  const select = (columns: string, table: string, where: readonly string[]) =>
    `SELECT ${byBytes(g)} AS g, ${t} AS t, ${columns} FROM (SELECT *, ${table === "usage_sums" ? "at" : "minute"} AS moment
       FROM loom.${table} WHERE ${[`tenant_id = ${tenant}`, ...where, ...conditions].join(" AND ")}) found`;
  const sums: string[] = [];
  const rollups: string[] = [];
  for (const segment of cutSpan(span, coarsest)) {
    if (segment.granularity === "minute") {
      rollups.push(select(rollupColumns, "usage_rollups", [within("minute", segment), "folded"]));
      continue;
    }
    const level = [`span = '${segment.granularity}'`, isDetailed ? "detail" : "NOT detail"];
    sums.push(select(sumsColumns, "usage_sums", [within("at", segment), ...level]));
  }
  // What came in since the sums were last added up.
  rollups.push(select(rollupColumns, "usage_rollups", [within("minute", span), "NOT folded"]));
  return joinSources([{ sums: sums.length === 0 ? null : sums.join(union), rollups: rollups.join(union) }]);
}

const union = "\nUNION ALL\n";

/** Several sources as one. */
export function joinSources(sources: readonly SumsSource[]): SumsSource {
  const sums = sources.flatMap((source) => source.sums ?? []);
  return {
    sums: sums.length === 0 ? null : sums.join(union),
    rollups: sources.map(({ rollups }) => rollups).join(union),
  };
}

/** `value`: what `g` may call by that name; it may make several rows of one. */
export function rowsSource(
  { tenantId, filter, span }: UsageQuestion,
  { g, t }: Grouping,
  parameters: Parameters,
  value = "NULL::text",
): string {
  const tenant = `${parameters.add(tenantId)}::uuid`;
  const conditions = [
    `tenant_id = ${tenant}`,
    `created_at >= ${parameters.add(isoOf(span.fromMs))}::timestamptz`,
    `created_at < ${parameters.add(isoOf(span.toMs))}::timestamptz`,
    ...filterConditions(filter, parameters, tenant, "rows"),
  ];
  if (impliesFailure(filter)) conditions.push("outcome <> 'complete'");
  return `SELECT ${byBytes(g)} AS g, ${t} AS t, ${rowColumns} FROM (SELECT ${rowColumns}, created_at AS moment, ${value} AS value
    FROM loom.traces WHERE ${conditions.join(" AND ")}) traces`;
}
