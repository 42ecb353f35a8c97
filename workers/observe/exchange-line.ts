// The log line of a finished exchange: a fixed list of fields, so that no body, key or header can get into it.
import type { FinishedExchange } from "../../src/trace/record.js";
import type { Accounted } from "../account/account.js";
import { verdictOf } from "./count-exchange.js";

export type LineLevel = "info" | "warn" | "error";

const decimals = 1000;

function rounded(ms: number): number {
  return Math.round(ms * decimals) / decimals;
}

/** `error`: Loom's own fault. `warn`: anybody else's failure. */
export function levelOf(exchange: FinishedExchange, accounted: Accounted): LineLevel {
  const { errorCode, domain } = verdictOf(exchange, accounted);
  if (errorCode === null) return "info";
  if (domain === "loom") return "error";
  return domain === "provider" || accounted.outcome === "truncated" ? "warn" : "info";
}

/** `traceId` is the OpenTelemetry trace's; `id` is the row's and the client's `x-loom-trace-id`. */
export function exchangeLine(exchange: FinishedExchange, accounted: Accounted): Record<string, unknown> {
  const { begin, end } = exchange;
  const { usage, costUsd, outcome } = accounted;
  const { errorCode, domain } = verdictOf(exchange, accounted);
  return {
    id: begin.id,
    traceId: begin.traceId,
    tenant: begin.tenantId,
    endpoint: begin.endpoint,
    provider: end.provider,
    model: begin.model,
    status: end.statusCode,
    outcome,
    ...(errorCode !== null && { error: errorCode, domain }),
    streamed: begin.streamed,
    attempts: end.attempts.length,
    latencyMs: rounded(end.latencyMs),
    ttfbMs: end.ttfbMs === null ? null : rounded(end.ttfbMs),
    overheadMs: rounded(end.overheadMs),
    promptTokens: usage?.promptTokens ?? null,
    completionTokens: usage?.completionTokens ?? null,
    costUsd: costUsd === null ? null : Number(costUsd),
  };
}
