// The spans of one finished exchange: SERVER `POST /v1/chat/completions`, below it CLIENT `chat {model}` over all
// attempts, below that one CLIENT span for each attempt. Ids and times come from the record alone.
import type { Attributes } from "@opentelemetry/api";
import type { Attempt, FinishedExchange } from "../src/trace/record.js";
import { attemptSpanId, operationSpanId } from "../src/trace/trace-context.js";
import type { Accounted } from "../workers/account/account.js";
import { type Verdict, verdictOf } from "../workers/observe/count-exchange.js";
import { operationOf } from "../workers/observe/operations.js";
import { providerLabel } from "../workers/observe/provider-label.js";
import type { RowOrigin } from "../workers/persist/trace-row.js";
import { eventNames, names } from "./names.js";
import { bodyAttributes } from "./request-attributes.js";
import type { SpanDraft } from "./span-model.js";

export type SpanSubject = {
  readonly exchange: FinishedExchange;
  readonly accounted: Accounted;
  readonly origin: RowOrigin;
  readonly captureContent: boolean;
};

const originForm = /^(https?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?$/;

/** Leaves out what is null. */
function present(attributes: Readonly<Record<string, Attributes[string] | null>>): Attributes {
  const kept: Attributes = {};
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value !== null && value !== undefined) kept[name] = value;
  }
  return kept;
}

function addressOf(origin: string | undefined): Attributes {
  // An origin is what `new URL` made of a base URL, so that a pattern takes it apart at a tenth of the time.
  const [, scheme, host, port] = originForm.exec(origin ?? "") ?? [];
  if (host === undefined) return {};
  return { [names.serverAddress]: host, [names.serverPort]: Number(port ?? (scheme === "https" ? 443 : 80)) };
}

function serverEvents({ begin, end }: FinishedExchange): { name: string; atMs: number }[] {
  const at = (name: string, ms: number | null | undefined) =>
    ms === null || ms === undefined ? [] : [{ name, atMs: begin.createdAtMs + ms }];
  return [
    ...at(eventNames.authenticated, begin.authenticatedMs),
    ...at(eventNames.admitted, begin.admittedMs),
    ...at(eventNames.firstByte, end.ttfbMs),
    ...at(eventNames.handOff, end.attempts.at(-1)?.endedMs),
  ];
}

/** 4xx is no error of a server; an answer that was cut is one, whatever its status. */
function serverError({ statusCode }: { statusCode: number }, outcome: string, verdict: Verdict): string | null {
  const isCut = outcome === "truncated" || outcome === "interrupted";
  return statusCode >= 500 || isCut ? (verdict.errorCode ?? outcome) : null;
}

function serverSpan({ exchange, accounted, origin }: SpanSubject, verdict: Verdict): SpanDraft {
  const { begin, end, seq } = exchange;
  const error = serverError(end, accounted.outcome, verdict);
  return {
    name: `POST ${begin.endpoint}`,
    kind: "server",
    traceId: begin.traceId,
    spanId: begin.spanId,
    parent: begin.parent === undefined ? null : { ...begin.parent, isRemote: true },
    state: begin.parent?.state ?? null,
    startMs: begin.createdAtMs,
    endMs: begin.createdAtMs + end.latencyMs,
    error,
    attributes: present({
      [names.httpMethod]: "POST",
      [names.httpRoute]: begin.endpoint,
      [names.urlPath]: begin.endpoint,
      [names.urlScheme]: "http",
      [names.httpStatus]: end.statusCode === 0 ? null : end.statusCode,
      [names.httpRequestSize]: end.requestBytes,
      [names.httpResponseSize]: end.responseBytes,
      [names.errorType]: error,
      [names.loomId]: begin.id,
      [names.loomTenant]: begin.tenantId,
      [names.loomOutcome]: accounted.outcome,
      [names.loomErrorCode]: verdict.errorCode,
      [names.loomErrorDomain]: verdict.errorCode === null ? null : verdict.domain,
      [names.loomOverheadMs]: end.overheadMs,
      [names.loomAttempts]: end.attempts.length,
      [names.loomNode]: origin.nodeId,
      [names.loomLane]: origin.lane,
      [names.loomSeq]: seq,
      [names.loomCaptureTruncated]: end.captureTruncated ? true : null,
      // The process ended before the exchange did: the times end where they began.
      [names.loomEndUnknown]: accounted.outcome === "interrupted" ? true : null,
    }),
    events: serverEvents(exchange),
  };
}

function usageAttributes({ usage, costUsd }: Accounted): Attributes {
  return present({
    [names.inputTokens]: usage?.promptTokens ?? null,
    [names.outputTokens]: usage?.completionTokens ?? null,
    [names.cacheReadTokens]: usage?.cachedTokens ?? null,
    [names.cacheWriteTokens]: usage?.cacheWriteTokens ?? null,
    [names.reasoningTokens]: usage?.reasoningTokens ?? null,
    [names.loomCostUsd]: costUsd === null ? null : Number(costUsd),
  });
}

/** Any status from 400 on is an error of a client; so is an answer that failed or broke off. */
function operationError(subject: SpanSubject, verdict: Verdict): string | null {
  const { outcome } = subject.accounted;
  if (outcome !== "error" && outcome !== "truncated") return null;
  const status = subject.exchange.end.attempts.at(-1)?.status ?? 0;
  return status >= 400 ? String(status) : verdict.errorCode;
}

function operationSpan(subject: SpanSubject, verdict: Verdict, first: Attempt): SpanDraft {
  const { begin, end } = subject.exchange;
  const { accounted } = subject;
  const operation = operationOf(begin.endpoint);
  const error = operationError(subject, verdict);
  const last = end.attempts.at(-1) ?? first;
  return {
    name: end.upstreamModel === null ? operation : `${operation} ${end.upstreamModel}`,
    kind: "client",
    traceId: begin.traceId,
    spanId: operationSpanId(begin.spanId),
    parent: { spanId: begin.spanId, isRemote: false, isSampled: true },
    state: begin.parent?.state ?? null,
    startMs: begin.createdAtMs + first.startedMs,
    endMs: begin.createdAtMs + last.endedMs,
    error,
    attributes: {
      ...present({
        [names.operationName]: operation,
        [names.providerName]: providerLabel(end.providerKind, end.provider),
        [names.requestModel]: end.upstreamModel,
        [names.requestStream]: begin.streamed ? true : null,
        [names.responseModel]: accounted.responseModel,
        [names.finishReasons]: accounted.finishReason === null ? null : [accounted.finishReason],
        [names.timeToFirstChunk]:
          begin.streamed && end.ttfbMs !== null ? Math.max(0, end.ttfbMs - first.startedMs) / 1000 : null,
        [names.conversationId]: begin.sessionId,
        [names.errorType]: error,
        [names.loomOutcome]: accounted.outcome,
        [names.loomProvider]: end.provider,
        [names.loomModel]: begin.model,
      }),
      ...addressOf(last.origin),
      ...usageAttributes(accounted),
      ...bodyAttributes(subject.exchange, subject.captureContent),
    },
    events: [],
  };
}

function attemptSpan({ begin }: FinishedExchange, attempt: Attempt, index: number): SpanDraft {
  const { status, errorCode, startedMs, endedMs } = attempt;
  const isError = (status !== null && status >= 400) || (errorCode !== null && errorCode !== "client_gone");
  const error = isError ? (status !== null && status >= 400 ? String(status) : errorCode) : null;
  return {
    name: "POST",
    kind: "client",
    traceId: begin.traceId,
    spanId: attemptSpanId(begin.spanId, index),
    parent: { spanId: operationSpanId(begin.spanId), isRemote: false, isSampled: true },
    state: begin.parent?.state ?? null,
    startMs: begin.createdAtMs + startedMs,
    endMs: begin.createdAtMs + endedMs,
    error,
    attributes: present({
      [names.httpMethod]: "POST",
      [names.httpStatus]: status,
      [names.httpResendCount]: index === 0 ? null : index,
      [names.errorType]: error,
      [names.providerName]: attempt.kind === undefined ? null : providerLabel(attempt.kind, attempt.provider),
      [names.loomProvider]: attempt.provider,
      [names.loomModel]: attempt.model,
      [names.loomErrorCode]: errorCode,
      ...addressOf(attempt.origin),
    }),
    events: [],
  };
}

/** In the order of their beginnings; an exchange that reached no provider has its server span only. */
export function exchangeSpans(subject: SpanSubject): SpanDraft[] {
  const { exchange, accounted } = subject;
  const verdict = verdictOf(exchange, accounted);
  const [first] = exchange.end.attempts;
  const server = serverSpan(subject, verdict);
  if (first === undefined) return [server];
  const attempts = exchange.end.attempts.map((attempt, index) => attemptSpan(exchange, attempt, index));
  return [server, operationSpan(subject, verdict, first), ...attempts];
}
