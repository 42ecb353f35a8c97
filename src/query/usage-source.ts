// Where figures come from: sums by day, half hour and minute, each where it fits, or single rows where sums cannot
// tell. However long the window, some hundreds of rows of sums are read, not millions of traces.
import { findPieces, noonMs, type Piece } from "./day-pieces.js";
import { rowColumns, type SumsSource, summedColumns } from "./figures.js";
import type { Filter } from "./filter.js";
import { filterConditions, type Parameters } from "./filter-sql.js";
import { rareCondition } from "./rare-rows.js";
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

/** The same, cut also where a bucket of a zone a quarter of an hour off begins within a half hour. */
function cutAtBorders(span: TimeSpan, coarsest: Granularity, borders: readonly number[]): Segment[] {
  return cutSpan(span, coarsest).flatMap((segment) => {
    if (segment.granularity !== "half hour") return segment;
    const inside = borders.filter((at) => at > segment.fromMs && at < segment.toMs && at % spanMs["half hour"] !== 0);
    const ends = [...inside, segment.toMs];
    return [segment.fromMs, ...inside].flatMap((fromMs, index) =>
      cutSpan({ fromMs, toMs: ends[index] ?? segment.toMs }, "half hour"),
    );
  });
}

type Level = {
  readonly coarsest: Granularity;
  /** By key, provider and model; else the sums of the whole tenant are enough. */
  readonly isDetailed: boolean;
  /** The begins of all buckets, unix ms ascending, where `coarsest` may be more than fits into one. */
  readonly borders?: readonly number[];
};

export function sumsSource(
  { tenantId, filter, span }: UsageQuestion,
  { g, t }: Grouping,
  { coarsest, isDetailed, borders = [] }: Level,
  parameters: Parameters,
): SumsSource {
  const tenant = `${parameters.add(tenantId)}::uuid`;
  const conditions = [`tenant_id = ${tenant}`, ...filterConditions(filter, parameters, tenant, "sums")];
  const pieces = coarsest === "day" ? findPieces(span, borders).flatMap(cutPiece) : [];
  const signed = pieces.length > 0 ? "1 AS sign, NULL::timestamptz AS counted, " : "";
  const time = (atMs: number) => `${parameters.add(isoOf(atMs))}::timestamptz`;
  const within = (column: string, { fromMs, toMs }: TimeSpan) =>
    `${column} >= ${time(fromMs)} AND ${column} < ${time(toMs)}`;
  const select = (columns: string, table: string, moment: string, where: readonly string[]) =>
    `SELECT ${byBytes(g)} AS g, ${t} AS t, ${signed}${columns} FROM (SELECT *, ${moment} AS moment
       FROM loom.${table} WHERE ${[...conditions, ...where].join(" AND ")}) found`;
  const levelOf = (granularity: Granularity) => [`span = '${granularity}'`, isDetailed ? "detail" : "NOT detail"];
  const sums: string[] = [];
  const rollups: string[] = [];
  for (const segment of cutAtBorders(span, coarsest, borders)) {
    if (segment.granularity === "minute") {
      rollups.push(select(rollupColumns, "usage_rollups", "minute", [within("minute", segment), "folded"]));
      continue;
    }
    // A day counts for the bucket of its noon; what of it is another's is moved below.
    const moment = segment.granularity === "day" ? `at + interval '${noonMs} milliseconds'` : "at";
    sums.push(select(sumsColumns, "usage_sums", moment, [within("at", segment), ...levelOf(segment.granularity)]));
  }
  // What came in since the sums were last added up.
  rollups.push(select(rollupColumns, "usage_rollups", "minute", [within("minute", span), "NOT folded"]));
  const halves = pieces.filter(({ granularity }) => granularity === "half hour");
  const minutes = pieces.filter(({ granularity }) => granularity === "minute");
  if (halves.length > 0) {
    const where = [...conditions, ...levelOf("half hour")];
    sums.push(moveSql(halves, { table: "usage_sums", column: "at", g, where }, parameters));
  }
  if (minutes.length > 0) {
    const where = [...conditions, "folded"];
    rollups.push(moveSql(minutes, { table: "usage_rollups", column: "minute", g, where }, parameters));
  }
  return {
    sums: sums.length === 0 ? null : sums.join(union),
    rollups: rollups.join(union),
    pieces: pieces.length > 0 ? "with" : "without",
  };
}

type CutPiece = Piece & Segment;

function cutPiece(piece: Piece): CutPiece[] {
  return cutSpan(piece, "half hour").map((segment) => ({ ...piece, ...segment }));
}

type MovedFrom = {
  readonly table: "usage_sums" | "usage_rollups";
  readonly column: "at" | "minute";
  readonly g: string;
  readonly where: readonly string[];
};

/** Each row of the pieces twice: added to the bucket that it belongs to, taken from the one that its day counts for. */
function moveSql(pieces: readonly CutPiece[], { table, column, g, where }: MovedFrom, parameters: Parameters): string {
  const times = (pick: (piece: CutPiece) => number) =>
    `${parameters.add(pieces.map((piece) => isoOf(pick(piece))))}::timestamptz[]`;
  const lists = [times((one) => one.fromMs), times((one) => one.toMs)];
  const buckets = [times((one) => one.belongsMs), times((one) => one.countedMs)];
  const histograms =
    table === "usage_sums"
      ? ["latency_packed", "ttfb_packed"].map((name) => `CASE sign WHEN 1 THEN ${name} END AS ${name}`)
      : ["latency_buckets", "latency_counts", "ttfb_buckets", "ttfb_counts"];
  const columns = [...summedColumns.map((name) => `sign * ${name} AS ${name}`), ...histograms].join(", ");
  // OFFSET 0: one look into the index for each piece, whatever the planner expects.
  return `SELECT ${byBytes(g)} AS g, CASE sign WHEN 1 THEN belongs ELSE counted END AS t, sign, counted, ${columns}
    FROM unnest(${[...lists, ...buckets].join(", ")}) piece (from_time, to_time, belongs, counted)
    CROSS JOIN LATERAL (SELECT * FROM loom.${table} WHERE ${where.join(" AND ")}
      AND ${column} >= from_time AND ${column} < to_time OFFSET 0) found
    CROSS JOIN (VALUES (1), (-1)) signs (sign)`;
}

const union = "\nUNION ALL\n";

/** Several sources as one; none of them with pieces. */
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
  const rare = rareCondition(filter);
  if (rare !== null) conditions.push(rare);
  return `SELECT ${byBytes(g)} AS g, ${t} AS t, ${rowColumns} FROM (SELECT ${rowColumns}, created_at AS moment, ${value} AS value
    FROM loom.traces WHERE ${conditions.join(" AND ")}) traces`;
}
