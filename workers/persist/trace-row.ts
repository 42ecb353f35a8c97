// One row of loom.traces: its columns in order, how an exchange becomes one, and how it is copied.
import { limits } from "../../src/limits.js";
import type { FinishedExchange, Outcome } from "../../src/trace/record.js";
import { writeRowDetail } from "../../src/trace/row-detail.js";
import type { Accounted } from "../account/account.js";
import { coveredOf, type Leaf, leafOf } from "../ledger/leaf.js";
import type { SealedBodies } from "../seal/seal.js";
import type { BinaryCopy } from "./binary-copy.js";

/** Where a row was made: the same for all rows of a lane. */
export type RowOrigin = { readonly nodeId: string; readonly bootId: string; readonly lane: number };

/** Everything but the bodies. */
export type TraceRow = RowOrigin & {
  readonly tenantId: string;
  readonly createdAtMs: number;
  readonly id: string;
  readonly apiKeyId: string;
  readonly requestId: string | null;
  readonly traceId: string;
  readonly spanId: string;
  readonly endpoint: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly responseModel: string | null;
  readonly statusCode: number;
  readonly outcome: Outcome;
  readonly errorCode: string | null;
  readonly finishReason: string | null;
  readonly streamed: boolean;
  readonly attempts: number;
  readonly latencyMs: number;
  readonly ttfbMs: number | null;
  readonly overheadMs: number;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly usageSource: "provider" | "estimated" | "none";
  /** A plain decimal with ten places. */
  readonly costUsd: string | null;
  readonly priceVersion: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly captureTruncated: boolean;
  readonly sessionId: string | null;
  readonly endUser: string | null;
  readonly tags: readonly string[];
  /** JSON. Null in rows of versions that did not have it, and in no other: the ledger tells them apart by that. */
  readonly detail: string | null;
  readonly seq: number;
};

/** All columns of loom.traces, in the order in which writeTraceRow writes them. */
export const traceColumns = [
  ...["tenant_id", "created_at", "id", "api_key_id", "request_id", "trace_id", "span_id", "endpoint"],
  ...["provider", "model", "response_model", "status_code", "outcome", "error_code", "finish_reason", "streamed"],
  ...["attempts", "latency_ms", "ttfb_ms", "gateway_overhead_ms", "prompt_tokens", "completion_tokens"],
  ...["total_tokens", "cached_tokens", "reasoning_tokens", "usage_source", "estimated_cost_usd", "price_version"],
  ...["request_body", "response_body", "request_iv", "response_iv", "request_bytes", "response_bytes", "body_codec"],
  ...["content_type", "content_encoding", "capture_truncated", "encryption_key_version", "session_id", "end_user"],
  ...["tags", "node_id", "boot_id", "lane", "detail", "seq", "leaf_hash"],
] as const;

const nul = /\0/g;

/** Text as Postgres takes it: well-formed, without NUL, cut on a code point. */
export function columnText(text: string): string {
  let clean = text;
  if (clean.length > limits.columnTextMax) {
    // Two units a code point at most; the rest is not looked at, however long it is.
    const points = [...clean.slice(0, limits.columnTextMax * 2)];
    clean = points.slice(0, limits.columnTextMax).join("");
  }
  if (clean.includes("\0")) clean = clean.replaceAll(nul, "");
  return clean.isWellFormed() ? clean : clean.toWellFormed();
}

function columnTextOrNull(text: string | null): string | null {
  return text === null ? null : columnText(text);
}

export function makeTraceRow(exchange: FinishedExchange, accounted: Accounted, origin: RowOrigin): TraceRow {
  const { begin, end, seq } = exchange;
  const { usage } = accounted;
  // One literal without a spread: an object of this size that is built key by key costs 30 µs instead of one.
  return {
    nodeId: origin.nodeId,
    bootId: origin.bootId,
    lane: origin.lane,
    tenantId: begin.tenantId,
    createdAtMs: begin.createdAtMs,
    id: begin.id,
    apiKeyId: begin.apiKeyId,
    requestId: columnTextOrNull(begin.requestId),
    traceId: columnText(begin.traceId),
    spanId: columnText(begin.spanId),
    endpoint: columnText(begin.endpoint),
    provider: columnTextOrNull(end.provider),
    model: columnTextOrNull(begin.model),
    responseModel: columnTextOrNull(accounted.responseModel),
    statusCode: end.statusCode,
    outcome: accounted.outcome,
    errorCode: columnTextOrNull(end.errorCode),
    finishReason: columnTextOrNull(accounted.finishReason),
    streamed: begin.streamed,
    attempts: end.attempts.length,
    latencyMs: end.latencyMs,
    ttfbMs: end.ttfbMs,
    overheadMs: end.overheadMs,
    promptTokens: usage?.promptTokens ?? null,
    completionTokens: usage?.completionTokens ?? null,
    totalTokens: usage?.totalTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    reasoningTokens: usage?.reasoningTokens ?? null,
    usageSource: accounted.usageSource,
    costUsd: accounted.costUsd,
    priceVersion: accounted.priceVersion,
    requestBytes: end.requestBytes,
    responseBytes: end.responseBytes,
    contentType: columnTextOrNull(end.contentType),
    contentEncoding: columnTextOrNull(end.contentEncoding),
    captureTruncated: end.captureTruncated,
    sessionId: columnTextOrNull(begin.sessionId),
    endUser: columnTextOrNull(begin.endUser),
    tags: begin.tags.slice(0, limits.tagsMax).map(columnText),
    detail: writeRowDetail(exchange),
    seq,
  };
}

/**
 * Writes a row and returns its leaf in the ledger, which is also its last column.
 * Throws a RangeError or an Error when a value cannot be one of its column; part of the row may be written then.
 */
export function writeTraceRow(out: BinaryCopy, row: TraceRow, bodies: SealedBodies): Leaf {
  const start = out.length;
  out.startRow(traceColumns.length);
  out.uuid(row.tenantId);
  out.timestamp(row.createdAtMs);
  out.uuid(row.id);
  out.uuid(row.apiKeyId);
  out.text(row.requestId);
  out.text(row.traceId);
  out.text(row.spanId);
  out.text(row.endpoint);
  out.text(row.provider);
  out.text(row.model);
  out.text(row.responseModel);
  out.int2(row.statusCode);
  out.text(row.outcome);
  out.text(row.errorCode);
  out.text(row.finishReason);
  out.bool(row.streamed);
  out.int2(row.attempts);
  out.float8(row.latencyMs);
  out.float8(row.ttfbMs);
  out.float8(row.overheadMs);
  out.int4(row.promptTokens);
  out.int4(row.completionTokens);
  out.int4(row.totalTokens);
  out.int4(row.cachedTokens);
  out.int4(row.reasoningTokens);
  out.text(row.usageSource);
  out.numeric(row.costUsd);
  out.text(row.priceVersion);
  out.bytea(bodies.request.sealed);
  out.bytea(bodies.response.sealed);
  out.bytea(bodies.request.iv);
  out.bytea(bodies.response.iv);
  writeTraceRowRest(out, row, bodies);
  const leaf = leafOf(coveredOf(out.view(start, out.length)));
  out.latin1(leaf);
  return leaf;
}

function writeTraceRowRest(out: BinaryCopy, row: TraceRow, bodies: SealedBodies): void {
  out.int8(row.requestBytes);
  out.int8(row.responseBytes);
  out.text(bodies.codec);
  out.text(row.contentType);
  out.text(row.contentEncoding);
  out.bool(row.captureTruncated);
  out.int4(bodies.keyVersion);
  out.text(row.sessionId);
  out.text(row.endUser);
  out.textArray(row.tags);
  out.text(row.nodeId);
  out.uuid(row.bootId);
  out.int2(row.lane);
  // The binary form of json is its text.
  out.text(row.detail);
  out.int8(row.seq);
}
