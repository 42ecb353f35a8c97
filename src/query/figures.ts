// The figures of sets of requests, in SQL: one statement makes them for any number of groups and of times at once.
// A source gives rows with sums and sparse histograms, or single traces, each with a group `g` (text) and a time `t`,
// both never NULL; figures come out for each pair.

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

/** A row of figures: sums as text, since they may be larger than a double holds; `ttfb_count` is how many had one. */
export type FiguresRow = Readonly<Record<SummedColumn, string | null>> & {
  readonly g: string;
  readonly t: Date;
  readonly ttfb_count: string | null;
} & Readonly<Record<`${"latency" | "ttfb"}_${keyof typeof quantiles}`, number | null>>;

/** Percentiles of one kind by (g, t), as buckets; nearest rank, as workers/persist/histogram.ts has it. */
function percentiles(kind: "latency" | "ttfb"): string {
  const picks = Object.entries(quantiles).map(
    ([name, share]) => `min(b) FILTER (WHERE seen >= greatest(1, ceil(${share} * total))) AS ${kind}_${name}`,
  );
  return `SELECT g, t, max(total) AS ${kind}_count, ${picks.join(", ")} FROM (
      SELECT g, t, b, sum(c) OVER (PARTITION BY g, t ORDER BY b) AS seen, sum(c) OVER (PARTITION BY g, t) AS total FROM (
        SELECT g, t, u.b, sum(u.c) AS c FROM source, unnest(${kind}_buckets, ${kind}_counts) u (b, c) GROUP BY 1, 2, 3
      ) buckets
    ) ranked GROUP BY 1, 2`;
}

/** From a source of sums: `source` selects g, t, summedColumns, and the four histogram columns. */
export function figuresOfSums(source: string): string {
  const sums = summedColumns.map((column) => `sum(${column}) AS ${column}`).join(", ");
  const names = Object.keys(quantiles).flatMap((name) => [`l.latency_${name}`, `f.ttfb_${name}`]);
  return `WITH source AS MATERIALIZED (${source}),
    sums AS (SELECT g, t, ${sums} FROM source GROUP BY 1, 2),
    latency AS (${percentiles("latency")}), ttfb AS (${percentiles("ttfb")})
    SELECT s.*, f.ttfb_count, ${names.join(", ")} FROM sums s
    LEFT JOIN latency l USING (g, t) LEFT JOIN ttfb f USING (g, t)`;
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

/** The mapping of workers/persist/histogram.ts, DDSketch with a relative accuracy of 1 %. */
const gamma = (1 + 0.01) / (1 - 0.01);

/** The one value, in ms, that is within 1 % of every value of its bucket. */
export function valueOfBucket(bucket: number): number {
  return (2 * gamma ** bucket) / (gamma + 1);
}

/** `undefined`: nothing at all was asked for there. */
export function makeFigures(row: FiguresRow | undefined, source: "rollups" | "traces"): Figures {
  const number = (column: SummedColumn | "ttfb_count") => Number(row?.[column] ?? 0);
  const requests = number("requests");
  const mean = (sum: number, of: number) => (of === 0 ? null : sum / of);
  const quantile = (value: number | null | undefined) =>
    value === null || value === undefined ? null : source === "rollups" ? valueOfBucket(value) : value;
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
    p50LatencyMs: quantile(row?.latency_p50),
    p95LatencyMs: quantile(row?.latency_p95),
    p99LatencyMs: quantile(row?.latency_p99),
    avgTtfbMs: mean(number("ttfb_sum_ms"), number("ttfb_count")),
    p50TtfbMs: quantile(row?.ttfb_p50),
    p95TtfbMs: quantile(row?.ttfb_p95),
    p99TtfbMs: quantile(row?.ttfb_p99),
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
