// Sums of rows by minute, tenant, key, provider and model: one row of loom.usage_rollups for each, written in the
// transaction of the rows it counts. Append-only; a reader sums, a later task compacts.
import type { Outcome } from "../../src/trace/record.js";
import type { BinaryCopy } from "./binary-copy.js";
import { Histogram } from "./histogram.js";
import type { TraceRow } from "./trace-row.js";

/** What a rollup needs of a row. */
export type RolledRow = Pick<
  TraceRow,
  | "tenantId"
  | "createdAtMs"
  | "apiKeyId"
  | "provider"
  | "model"
  | "statusCode"
  | "outcome"
  | "streamed"
  | "promptTokens"
  | "completionTokens"
  | "totalTokens"
  | "cachedTokens"
  | "reasoningTokens"
  | "usageSource"
  | "costUsd"
  | "latencyMs"
  | "ttfbMs"
  | "overheadMs"
>;

/** The columns of loom.usage_rollups that are not by default, in the order in which writeRollup writes them. */
export const rollupColumns = [
  ...["minute", "tenant_id", "api_key_id", "provider", "model"],
  ...["requests", "complete", "errors", "aborted", "truncated", "interrupted", "refused", "streamed"],
  ...["prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens"],
  ...["cost_usd", "unpriced", "latency_sum_ms", "latency_buckets", "latency_counts"],
  ...["ttfb_sum_ms", "ttfb_buckets", "ttfb_counts", "overhead_sum_ms"],
  ...["client_errors", "server_errors"],
] as const;

const minuteMs = 60_000;
const costDecimals = 10;

export class Rollup {
  readonly minuteMs: number;
  readonly tenantId: string;
  readonly apiKeyId: string;
  readonly provider: string;
  readonly model: string;
  readonly outcomes: Record<Outcome, number> = {
    complete: 0,
    error: 0,
    aborted: 0,
    truncated: 0,
    interrupted: 0,
    refused: 0,
  };
  requests = 0;
  streamed = 0;
  /** Of answers with a status of 400 to 499. */
  clientErrors = 0;
  /** Of answers with a status of 500 on. */
  serverErrors = 0;
  promptTokens = 0;
  completionTokens = 0;
  totalTokens = 0;
  cachedTokens = 0;
  reasoningTokens = 0;
  /** In units of 10^-10 USD: sums stay exact. */
  cost = 0n;
  /** Rows with usage but without a price. */
  unpriced = 0;
  latencySumMs = 0;
  ttfbSumMs = 0;
  overheadSumMs = 0;
  readonly latency = new Histogram();
  readonly ttfb = new Histogram();

  constructor(first: RolledRow) {
    this.minuteMs = Math.floor(first.createdAtMs / minuteMs) * minuteMs;
    this.tenantId = first.tenantId;
    this.apiKeyId = first.apiKeyId;
    this.provider = first.provider ?? "";
    this.model = first.model ?? "";
  }

  add(row: RolledRow): void {
    this.requests += 1;
    this.outcomes[row.outcome] += 1;
    if (row.streamed) this.streamed += 1;
    if (row.statusCode >= 500) this.serverErrors += 1;
    else if (row.statusCode >= 400) this.clientErrors += 1;
    this.promptTokens += row.promptTokens ?? 0;
    this.completionTokens += row.completionTokens ?? 0;
    this.totalTokens += row.totalTokens ?? 0;
    this.cachedTokens += row.cachedTokens ?? 0;
    this.reasoningTokens += row.reasoningTokens ?? 0;
    if (row.costUsd !== null) this.cost += BigInt(row.costUsd.replace(".", ""));
    else if (row.usageSource !== "none") this.unpriced += 1;
    this.latencySumMs += row.latencyMs;
    this.latency.add(row.latencyMs);
    this.overheadSumMs += row.overheadMs;
    if (row.ttfbMs === null) return;
    this.ttfbSumMs += row.ttfbMs;
    this.ttfb.add(row.ttfbMs);
  }

  get costUsd(): string {
    const digits = this.cost.toString().padStart(costDecimals + 1, "0");
    return `${digits.slice(0, -costDecimals)}.${digits.slice(-costDecimals)}`;
  }
}

export function rollUp(rows: Iterable<RolledRow>): Rollup[] {
  const rollups = new Map<string, Rollup>();
  for (const row of rows) {
    // NUL is in no column, so no two combinations share a key.
    const key = `${Math.floor(row.createdAtMs / minuteMs)}\0${row.tenantId}\0${row.apiKeyId}\0${row.provider ?? ""}\0${row.model ?? ""}`;
    let rollup = rollups.get(key);
    if (rollup === undefined) {
      rollup = new Rollup(row);
      rollups.set(key, rollup);
    }
    rollup.add(row);
  }
  return [...rollups.values()];
}

export function writeRollup(out: BinaryCopy, rollup: Rollup): void {
  out.startRow(rollupColumns.length);
  out.timestamp(rollup.minuteMs);
  out.uuid(rollup.tenantId);
  out.uuid(rollup.apiKeyId);
  out.text(rollup.provider);
  out.text(rollup.model);
  out.int4(rollup.requests);
  const { complete, error, aborted, truncated, interrupted, refused } = rollup.outcomes;
  for (const count of [complete, error, aborted, truncated, interrupted, refused, rollup.streamed]) out.int4(count);
  out.int8(rollup.promptTokens);
  out.int8(rollup.completionTokens);
  out.int8(rollup.totalTokens);
  out.int8(rollup.cachedTokens);
  out.int8(rollup.reasoningTokens);
  out.numeric(rollup.costUsd);
  out.int4(rollup.unpriced);
  out.float8(rollup.latencySumMs);
  writeHistogram(out, rollup.latency);
  out.float8(rollup.ttfbSumMs);
  writeHistogram(out, rollup.ttfb);
  out.float8(rollup.overheadSumMs);
  out.int4(rollup.clientErrors);
  out.int4(rollup.serverErrors);
}

function writeHistogram(out: BinaryCopy, histogram: Histogram): void {
  const { buckets, counts } = histogram.toSparse();
  out.int2Array(buckets);
  out.int4Array(counts);
}
