// The columns of a trace without its bodies: how they are read, and how a row becomes what the API says.
import { isoOfMicros } from "./cursor.js";
import type { Trace } from "./schema/trace.js";

/** What a list reads of loom.traces. */
export const traceColumns = [
  ...["id", "created_at", "recorded_at", "api_key_id", "request_id", "trace_id", "span_id", "endpoint", "provider"],
  ...["model", "response_model", "status_code", "outcome", "error_code", "finish_reason", "streamed", "attempts"],
  ...["latency_ms", "ttfb_ms", "gateway_overhead_ms", "prompt_tokens", "completion_tokens", "total_tokens"],
  ...["cached_tokens", "reasoning_tokens", "usage_source", "estimated_cost_usd", "request_bytes", "response_bytes"],
  ...["session_id", "end_user", "tags"],
].join(", ");

/** What is selected of a row `t`, with its key `k`; created_at as whole microseconds, which pg would cut. */
export const traceSelection = `t.*, (extract(epoch FROM t.created_at) * 1000000)::int8 AS micros,
  k.prefix AS key_prefix, k.name AS key_name`;

/** Joins the key of a row `t`. `tenant` is the placeholder of the tenant's id. */
export function joinKeys(tenant: string): string {
  return `LEFT JOIN loom.api_keys k ON k.tenant_id = ${tenant} AND k.id = t.api_key_id`;
}

export type TraceRow = {
  readonly id: string;
  readonly micros: string;
  readonly recorded_at: Date;
  readonly api_key_id: string;
  readonly key_prefix: string | null;
  readonly key_name: string | null;
  readonly request_id: string | null;
  readonly trace_id: string;
  readonly span_id: string;
  readonly endpoint: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly response_model: string | null;
  readonly status_code: number;
  readonly outcome: Trace["outcome"];
  readonly error_code: string | null;
  readonly finish_reason: string | null;
  readonly streamed: boolean;
  readonly attempts: number;
  readonly latency_ms: number;
  readonly ttfb_ms: number | null;
  readonly gateway_overhead_ms: number;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly usage_source: Trace["usageSource"];
  readonly estimated_cost_usd: string | null;
  readonly request_bytes: string;
  readonly response_bytes: string;
  readonly session_id: string | null;
  readonly end_user: string | null;
  readonly tags: string[];
};

export function makeTrace(row: TraceRow): Trace {
  return {
    id: row.id,
    createdAt: isoOfMicros(row.micros),
    key: { id: row.api_key_id, prefix: row.key_prefix, name: row.key_name },
    requestId: row.request_id,
    traceId: row.trace_id,
    spanId: row.span_id,
    endpoint: row.endpoint,
    provider: row.provider,
    model: row.model,
    responseModel: row.response_model,
    statusCode: row.status_code,
    outcome: row.outcome,
    errorCode: row.error_code,
    finishReason: row.finish_reason,
    streamed: row.streamed,
    attempts: row.attempts,
    latencyMs: row.latency_ms,
    ttfbMs: row.ttfb_ms,
    gatewayOverheadMs: row.gateway_overhead_ms,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    totalTokens: row.total_tokens,
    cachedTokens: row.cached_tokens,
    reasoningTokens: row.reasoning_tokens,
    usageSource: row.usage_source,
    estimatedCostUSD: row.estimated_cost_usd === null ? null : Number(row.estimated_cost_usd),
    requestBytes: Number(row.request_bytes),
    responseBytes: Number(row.response_bytes),
    sessionId: row.session_id,
    endUser: row.end_user,
    tags: row.tags,
  };
}
