// A row of PostgreSQL's binary COPY read back, as writeTraceRow writes it: for rows that were set aside.
// Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; all numbers are big-endian.
import type { Outcome } from "../../src/trace/record.js";
import { withoutDetail } from "../ledger/leaf.js";
import { type TraceRow, traceColumns } from "./trace-row.js";

/** 2000-01-01T00:00:00Z in unix µs. */
const epochMicros = 946_684_800_000_000n;
const numericNegative = 0x4000;

type Column = (typeof traceColumns)[number];

/** The fields of one row by their columns; null for NULL. */
class Fields {
  readonly #fields = new Map<string, Buffer | null>();

  /** Throws an Error when the row is not one of this version's. */
  constructor(row: Buffer) {
    if (row.length < 2 || row.readInt16BE(0) !== traceColumns.length) {
      throw new Error("the row has other columns than this version writes");
    }
    let at = 2;
    for (const column of traceColumns) {
      const length = row.readInt32BE(at);
      at += 4;
      this.#fields.set(column, length < 0 ? null : row.subarray(at, at + length));
      at += Math.max(0, length);
    }
    if (at !== row.length) throw new Error("the row is not whole");
  }

  of(column: Column): Buffer {
    const field = this.#fields.get(column) ?? null;
    if (field === null) throw new Error(`${column} is NULL`);
    return field;
  }

  orNull<Value>(column: Column, read: (field: Buffer) => Value): Value | null {
    const field = this.#fields.get(column) ?? null;
    return field === null ? null : read(field);
  }
}

/** The row in the form of this version: a former one had no `detail`. */
export function currentForm(row: Buffer): Buffer {
  const isFormer = row.length > 2 && row.readInt16BE(0) === traceColumns.length - 1;
  return isFormer ? withoutDetail(row) : row;
}

/** The row without its bodies. Throws an Error when the bytes are not a row as this version writes it. */
export function readTraceRow(row: Buffer): TraceRow {
  const fields = new Fields(row);
  const text = (column: Column) => fields.orNull(column, readText);
  const count = (column: Column) => fields.orNull(column, (field) => field.readInt32BE(0));
  return {
    nodeId: readText(fields.of("node_id")),
    bootId: readUuid(fields.of("boot_id")),
    lane: fields.of("lane").readInt16BE(0),
    tenantId: readUuid(fields.of("tenant_id")),
    createdAtMs: Number(fields.of("created_at").readBigInt64BE(0) + epochMicros) / 1000,
    id: readUuid(fields.of("id")),
    apiKeyId: readUuid(fields.of("api_key_id")),
    requestId: text("request_id"),
    traceId: readText(fields.of("trace_id")),
    spanId: readText(fields.of("span_id")),
    endpoint: readText(fields.of("endpoint")),
    provider: text("provider"),
    model: text("model"),
    responseModel: text("response_model"),
    statusCode: fields.of("status_code").readInt16BE(0),
    // What it says is held against the column's own check when it is written.
    outcome: readText(fields.of("outcome")) as Outcome,
    errorCode: text("error_code"),
    finishReason: text("finish_reason"),
    streamed: fields.of("streamed")[0] === 1,
    attempts: fields.of("attempts").readInt16BE(0),
    latencyMs: fields.of("latency_ms").readDoubleBE(0),
    ttfbMs: fields.orNull("ttfb_ms", (field) => field.readDoubleBE(0)),
    overheadMs: fields.of("gateway_overhead_ms").readDoubleBE(0),
    promptTokens: count("prompt_tokens"),
    completionTokens: count("completion_tokens"),
    totalTokens: count("total_tokens"),
    cachedTokens: count("cached_tokens"),
    reasoningTokens: count("reasoning_tokens"),
    usageSource: readText(fields.of("usage_source")) as TraceRow["usageSource"],
    costUsd: fields.orNull("estimated_cost_usd", readNumeric),
    priceVersion: text("price_version"),
    requestBytes: Number(fields.of("request_bytes").readBigInt64BE(0)),
    responseBytes: Number(fields.of("response_bytes").readBigInt64BE(0)),
    contentType: text("content_type"),
    contentEncoding: text("content_encoding"),
    captureTruncated: fields.of("capture_truncated")[0] === 1,
    sessionId: text("session_id"),
    endUser: text("end_user"),
    tags: readTextArray(fields.of("tags")),
    detail: text("detail"),
    seq: Number(fields.of("seq").readBigInt64BE(0)),
  };
}

function readText(field: Buffer): string {
  return field.toString("utf8");
}

function readUuid(field: Buffer): string {
  const hex = field.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** i16 digits | i16 power of 10,000 of the first | u16 sign | u16 decimals | i16 base-10,000 digits. */
function readNumeric(field: Buffer): string {
  const digits = field.readInt16BE(0);
  const weight = field.readInt16BE(2);
  const decimals = field.readUInt16BE(6);
  const scale = Math.ceil(decimals / 4) * 4;
  let scaled = 0n;
  for (let index = 0; index < digits; index += 1) {
    scaled += BigInt(field.readInt16BE(8 + index * 2)) * 10n ** BigInt(Math.max(0, (weight - index) * 4 + scale));
  }
  const whole = (scaled / 10n ** BigInt(scale - decimals)).toString().padStart(decimals + 1, "0");
  const sign = field.readUInt16BE(4) === numericNegative ? "-" : "";
  return sign + (decimals === 0 ? whole : `${whole.slice(0, -decimals)}.${whole.slice(-decimals)}`);
}

/** i32 dimensions | i32 has nulls | u32 element oid | i32 length | i32 lower bound | (i32 length | bytes)*. */
function readTextArray(field: Buffer): string[] {
  if (field.readInt32BE(0) === 0) return [];
  const texts: string[] = [];
  let at = 20;
  for (let left = field.readInt32BE(12); left > 0; left -= 1) {
    const length = field.readInt32BE(at);
    texts.push(field.toString("utf8", at + 4, at + 4 + length));
    at += 4 + length;
  }
  return texts;
}
