// The figures of sets of requests, in SQL: one statement makes them for any number of groups and of times at once.
// A source gives rows with sums and sparse histograms, or single traces, each with a group `g` (text) and a time `t`,
// both never NULL; figures come out for each pair.

import { readQuantiles } from "./packed-histogram.js";
import type { Figures } from "./schema/analytics.js";
import { outcomes } from "./schema/trace.js";

/** What a source of sums selects besides `g`, `t` and the histograms: the columns of loom.usage_sums. */
export const summedColumns = [
  ...["requests", "complete", "errors", "aborted", "truncated", "interrupted", "refused", "streamed"],
  ...["client_errors", "server_errors", "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens"],
  ...["reasoning_tokens", "cost_usd", "unpriced", "latency_sum_ms", "ttfb_sum_ms", "overhead_sum_ms"],
] as const;

type SummedColumn = (typeof summedColumns)[number];

const quantiles = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
type Quantile = keyof typeof quantiles;
type Kind = "latency" | "ttfb";
const kinds: readonly Kind[] = ["latency", "ttfb"];

/** Histograms of a bucket: its own, and the pieces that count for the bucket before it and for the one after it. */
type Part = "packed" | "before" | "after";

/** A row of figures: sums as text, since they may be larger than a double holds. */
export type FiguresRow = Readonly<Record<SummedColumn, string | null>> & {
  readonly g: string;
  readonly t: Date;
  /** Of single rows: how many had a first byte, and the percentiles themselves, ms. */
  readonly ttfb_count?: string | null;
} & Readonly<Partial<Record<`${Kind}_${Quantile}`, number | null>>> &
  /** Of sums: packed histograms one after the other; see migrations/0010_queries.sql. */
  Readonly<Partial<Record<`${Kind}_${Part}`, Buffer | null>>>;

/**
 * Where sums come from: rows of loom.usage_sums, whose histograms are packed, and rollups, whose are not. With `pieces`
 * (day-pieces.ts) each has a `sign`: -1 where its sums, which are negative then, take away what a piece adds elsewhere.
 * Histograms are taken away by the reader, so a piece says in `counted` which bucket that is; NULL of all others.
 */
export type SumsSource = {
  readonly sums: string | null;
  readonly rollups: string;
  readonly pieces?: "with" | "without";
};

/** All histograms of a group and time in one value, without adding them up; those of pieces in two others. */
function packed(kind: Kind, { sums, pieces }: SumsSource): string {
  const [counted, wholeOnly] = pieces === "with" ? [", counted", "WHERE sign > 0"] : ["", ""];
  const rollups = `SELECT g, t, string_agg(int2send(b) || int4send(c::int4), '') AS packed${counted} FROM (
      SELECT g, t, u.b, sum(u.c) AS c${counted} FROM rollups, unnest(${kind}_buckets, ${kind}_counts) u (b, c)
      ${wholeOnly} GROUP BY g, t, u.b${counted}
    ) buckets GROUP BY g, t${counted}`;
  const all = sums === null ? "" : `SELECT g, t, ${kind}_packed${counted} FROM sums ${wholeOnly} UNION ALL `;
  const bytes = (name: Part, which: string) => `string_agg(packed, '')${which} AS ${kind}_${name}`;
  const columns =
    pieces === "with"
      ? [
          bytes("packed", " FILTER (WHERE counted IS NULL)"),
          bytes("before", " FILTER (WHERE counted < t)"),
          bytes("after", " FILTER (WHERE counted > t)"),
        ]
      : [bytes("packed", "")];
  return `SELECT g, t, ${columns.join(", ")} FROM (${all}${rollups}) parts (g, t, packed${counted}) GROUP BY 1, 2`;
}

/**
 * `sums` selects g, t, summedColumns and the packed histograms; `rollups` the histograms as arrays. Without
 * percentiles, which are most of the work, where only an order is wanted.
 */
export function figuresOfSums(source: SumsSource, percentiles: "with" | "without" = "with"): string {
  const { sums, rollups, pieces } = source;
  const names = summedColumns.join(", ");
  const totals = summedColumns.map((column) => `sum(${column}) AS ${column}`).join(", ");
  const all = `${sums === null ? "" : `SELECT g, t, ${names} FROM sums UNION ALL `}SELECT g, t, ${names} FROM rollups`;
  const parts = `WITH ${sums === null ? "" : `sums AS MATERIALIZED (${sums}),`} rollups AS MATERIALIZED (${rollups}),
    totals AS (SELECT g, t, ${totals} FROM (${all}) parts GROUP BY 1, 2)`;
  if (percentiles === "without") return `${parts} SELECT * FROM totals`;
  const parted: readonly Part[] = pieces === "with" ? ["packed", "before", "after"] : ["packed"];
  const histograms = kinds.flatMap((kind) => parted.map((part) => `${kind}_${part}`)).join(", ");
  return `${parts},
    latency AS (${packed("latency", source)}), ttfb AS (${packed("ttfb", source)})
    SELECT totals.*, ${histograms} FROM totals
    LEFT JOIN latency USING (g, t) LEFT JOIN ttfb USING (g, t)`;
}

const count = (condition: string) => `count(*) FILTER (WHERE ${condition})`;

/** The same sums of single rows. */
const sumsOfRows: Readonly<Record<SummedColumn, string>> = {
  requests: "count(*)",
  complete: count("outcome = 'complete'"),
  errors: count("outcome = 'error'"),
  aborted: count("outcome = 'aborted'"),
  truncated: count("outcome = 'truncated'"),
  interrupted: count("outcome = 'interrupted'"),
  refused: count("outcome = 'refused'"),
  streamed: count("streamed"),
  client_errors: count("status_code BETWEEN 400 AND 499"),
  server_errors: count("status_code >= 500"),
  prompt_tokens: "sum(prompt_tokens)",
  completion_tokens: "sum(completion_tokens)",
  total_tokens: "sum(total_tokens)",
  cached_tokens: "sum(cached_tokens)",
  reasoning_tokens: "sum(reasoning_tokens)",
  cost_usd: "sum(estimated_cost_usd)",
  unpriced: count("estimated_cost_usd IS NULL AND usage_source <> 'none'"),
  latency_sum_ms: "sum(latency_ms)",
  ttfb_sum_ms: "sum(ttfb_ms)",
  overhead_sum_ms: "sum(gateway_overhead_ms)",
};

/** From single rows: `source` selects g, t and the columns of loom.traces that are summed. */
export function figuresOfRows(source: string): string {
  const sums = Object.entries(sumsOfRows).map(([name, sql]) => `${sql} AS ${name}`);
  const shares = `ARRAY[${Object.values(quantiles).join(", ")}]::float8[]`;
  const picks = Object.keys(quantiles).flatMap((name, index) => [
    `(latency_ranks)[${index + 1}] AS latency_${name}`,
    `(ttfb_ranks)[${index + 1}] AS ttfb_${name}`,
  ]);
  return `SELECT *, ${picks.join(", ")} FROM (
      SELECT g, t, ${sums.join(", ")}, count(ttfb_ms) AS ttfb_count,
        percentile_disc(${shares}) WITHIN GROUP (ORDER BY latency_ms) AS latency_ranks,
        percentile_disc(${shares}) WITHIN GROUP (ORDER BY ttfb_ms) AS ttfb_ranks
      FROM (${source}) source GROUP BY 1, 2) grouped`;
}

/** What a source of rows selects besides g and t. */
export const rowColumns = [
  ...["outcome", "streamed", "status_code", "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens"],
  ...["reasoning_tokens", "estimated_cost_usd", "usage_source", "latency_ms", "ttfb_ms", "gateway_overhead_ms"],
].join(", ");

/** The rows of the buckets before and after: pieces of theirs are in this one's days. */
type Neighbours = { readonly before?: FiguresRow | undefined; readonly after?: FiguresRow | undefined };

/** The percentiles of a row, ms, and how many first bytes there were. */
function readPercentiles(
  row: FiguresRow | undefined,
  { before, after }: Neighbours,
): Record<Kind, Record<Quantile, number | null>> & { ttfbs: number } {
  const shares = Object.values(quantiles);
  const read = (kind: Kind) => {
    const added = [row?.[`${kind}_packed`], row?.[`${kind}_before`], row?.[`${kind}_after`]];
    const removed = [before?.[`${kind}_after`], after?.[`${kind}_before`]];
    const isSums = row !== undefined && `${kind}_packed` in row;
    const found = isSums ? readQuantiles(added.filter(isThere), shares, removed.filter(isThere)) : null;
    const entries = Object.keys(quantiles).map((name, index) => [
      name,
      found === null ? (row?.[`${kind}_${name as Quantile}`] ?? null) : (found.values[index] ?? null),
    ]);
    return { count: found?.count ?? 0, values: Object.fromEntries(entries) as Record<Quantile, number | null> };
  };
  const [latency, ttfb] = kinds.map(read) as [ReturnType<typeof read>, ReturnType<typeof read>];
  return { latency: latency.values, ttfb: ttfb.values, ttfbs: Number(row?.ttfb_count ?? ttfb.count) };
}

function isThere(bytes: Buffer | null | undefined): bytes is Buffer {
  return bytes !== null && bytes !== undefined;
}

/** `undefined`: nothing at all was asked for there. */
export function makeFigures(row: FiguresRow | undefined, neighbours: Neighbours = {}): Figures {
  const number = (column: SummedColumn) => Number(row?.[column] ?? 0);
  const requests = number("requests");
  const mean = (sum: number, of: number) => (of === 0 ? null : sum / of);
  const { latency, ttfb, ttfbs } = readPercentiles(row, neighbours);
  const counts = Object.fromEntries(
    outcomes.map((name) => [name, number(name === "error" ? "errors" : name)]),
  ) as Figures["outcomes"];
  const failed = counts.error + counts.truncated + counts.interrupted + counts.refused;
  return {
    totalRequests: requests,
    totalTokens: number("total_tokens"),
    promptTokens: number("prompt_tokens"),
    completionTokens: number("completion_tokens"),
    cachedTokens: number("cached_tokens"),
    reasoningTokens: number("reasoning_tokens"),
    estimatedCostUSD: number("cost_usd"),
    unpricedRequests: number("unpriced"),
    errorRate: mean(failed, requests),
    avgLatencyMs: mean(number("latency_sum_ms"), requests),
    p50LatencyMs: latency.p50,
    p95LatencyMs: latency.p95,
    p99LatencyMs: latency.p99,
    avgTtfbMs: mean(number("ttfb_sum_ms"), ttfbs),
    p50TtfbMs: ttfb.p50,
    p95TtfbMs: ttfb.p95,
    p99TtfbMs: ttfb.p99,
    avgOverheadMs: mean(number("overhead_sum_ms"), requests),
    streamedRequests: number("streamed"),
    outcomes: counts,
    statuses: {
      ok: requests - number("client_errors") - number("server_errors"),
      clientError: number("client_errors"),
      serverError: number("server_errors"),
    },
  };
}
