// What a finished exchange adds to its lane's metrics.
import { codeLabel, faultDomain } from "../../src/errors/fault-domain.js";
import type { MetricStore } from "../../src/report/metric-store.js";
import type { FinishedExchange } from "../../src/trace/record.js";
import type { Accounted } from "../account/account.js";
import type { ModelNames } from "./model-names.js";
import { operationOf } from "./operations.js";
import { providerLabel } from "./provider-label.js";

/** What became of an exchange, for a metric, a span and a log line. */
export type Verdict = {
  /** A code of the table, `interrupted`, or null. */
  readonly errorCode: string | null;
  readonly domain: string;
};

/** An outcome without a code has one of its own. */
export function verdictOf({ end }: FinishedExchange, { outcome }: Accounted): Verdict {
  const given = end.errorCode;
  if (given !== null) return { errorCode: given, domain: faultDomain(given) };
  if (outcome === "complete") return { errorCode: null, domain: "none" };
  // The provider failed after its 200, which only its answer says.
  if (outcome === "error") return { errorCode: "provider_failed", domain: "provider" };
  return { errorCode: outcome, domain: "loom" };
}

/** Events of a stream, without its terminal one. Cheap: no event is read. */
export function countEvents(body: Uint8Array): number {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let events = 0;
  for (let at = bytes.indexOf("data:"); at !== -1; at = bytes.indexOf("\ndata:", at + 1)) events += 1;
  return bytes.lastIndexOf("data: [DONE]") === -1 ? events : events - 1;
}

function statusClass(status: number | null): string {
  return status === null ? "none" : `${Math.floor(status / 100)}xx`;
}

function countTokens(metrics: MetricStore, labels: readonly string[], { usage }: Accounted): void {
  if (usage === null) return;
  if (usage.promptTokens !== null)
    metrics.observe("gen_ai_client_token_usage", [...labels, "input"], usage.promptTokens);
  if (usage.completionTokens !== null)
    metrics.observe("gen_ai_client_token_usage", [...labels, "output"], usage.completionTokens);
}

function countStream(metrics: MetricStore, labels: readonly string[], exchange: FinishedExchange): void {
  const { begin, end, responseBody } = exchange;
  if (!begin.streamed || end.ttfbMs === null) return;
  metrics.observe("gen_ai_client_operation_time_to_first_chunk_seconds", labels, end.ttfbMs / 1000);
  const later = countEvents(responseBody) - 1;
  if (later < 1 || end.captureTruncated) return;
  const seconds = (end.latencyMs - end.ttfbMs) / 1000 / later;
  metrics.observe("gen_ai_client_operation_time_per_output_chunk_seconds", labels, Math.max(0, seconds), later);
}

export function countExchange(
  metrics: MetricStore,
  names: ModelNames,
  exchange: FinishedExchange,
  accounted: Accounted,
): void {
  const { begin, end } = exchange;
  const { errorCode, domain } = verdictOf(exchange, accounted);
  const code = domain === "loom" && errorCode === accounted.outcome ? errorCode : codeLabel(errorCode);
  metrics.add("loom_exchanges_total", [accounted.outcome, code, domain]);
  if (accounted.outcome === "interrupted") return;
  metrics.observe("loom_overhead_seconds", [], end.overheadMs / 1000);
  if (end.attempts.length === 0) return;
  const provider = providerLabel(end.providerKind, end.provider);
  const isAnswered = end.statusCode < 400 && accounted.outcome !== "error";
  const isPriced = accounted.costUsd !== null;
  const model = names.labelOf({ provider, model: end.upstreamModel, isAnswered, isPriced });
  const labels = [operationOf(begin.endpoint), provider, model];
  metrics.observe("gen_ai_client_operation_duration_seconds", [...labels, code], end.latencyMs / 1000);
  for (const { kind, provider: name, status } of end.attempts)
    metrics.add("loom_attempts_total", [providerLabel(kind ?? end.providerKind, name), statusClass(status)]);
  countTokens(metrics, labels, accounted);
  countStream(metrics, labels, exchange);
  if (accounted.costUsd !== null) metrics.add("loom_cost_usd_total", [provider, model], Number(accounted.costUsd));
}
