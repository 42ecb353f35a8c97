// One trace with everything that is known of it but what its sealed bodies say.
import { LoomError } from "../errors/loom-error.js";
import type { CostLine, Price, PriceQuestion } from "../prices/price-list.js";
import { type RowDetail, readRowDetail } from "../trace/row-detail.js";
import { isoOfMicros } from "./cursor.js";
import { readClient } from "./read-client.js";
import type { Query } from "./reader.js";
import type { TraceDetail } from "./schema/trace.js";
import { joinKeys, makeTrace, type TraceRow, traceColumns, traceSelection } from "./trace-columns.js";

type DetailRow = TraceRow & {
  readonly detail: unknown;
  readonly price_version: string | null;
  readonly content_type: string | null;
  readonly content_encoding: string | null;
  readonly capture_truncated: boolean;
  readonly body_codec: string;
  readonly encryption_key_version: number;
  readonly node_id: string;
  readonly boot_id: string;
  readonly lane: number;
  readonly seq: string;
  readonly leaf: string | null;
  readonly request_stored: number | null;
  readonly response_stored: number | null;
};

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const uuidV7Form = /^[0-9a-f]{8}-[0-9a-f]{4}-7/i;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** What the caller's key may do with bodies. */
export type BodyRight = { readonly mayRead: boolean; readonly isErased: boolean };

/** What may be known of a trace beside its row. */
export type TraceSources = {
  readonly right: BodyRight;
  /** What a recorded cost was made of; null when that cannot be said. */
  readonly linesOf: (question: PriceQuestion, recorded: Price) => Promise<readonly CostLine[] | null>;
};

export const bodiesScope = "bodies:read";

/**
 * Where a row of this id lies in time: an id is made a moment after `created_at`. Without this every partition and
 * every row of the tenant would be looked at. @throws LoomError `trace_not_found` for what is no id
 */
export function timesOfId(id: string): readonly { readonly from: string; readonly to: string }[] {
  if (!uuidForm.test(id)) throw new LoomError("trace_not_found");
  if (!uuidV7Form.test(id)) return [{ from: "-infinity", to: "infinity" }];
  const atMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const around = (beforeMs: number, afterMs: number) => ({
    from: new Date(atMs - beforeMs).toISOString(),
    to: new Date(atMs + afterMs).toISOString(),
  });
  // A large body takes its time to arrive, and clocks jump: the second look is rare.
  return [around(2 * minuteMs, minuteMs), around(dayMs, dayMs)];
}

/** @throws LoomError `trace_not_found` */
export async function readTrace(
  query: Query,
  tenantId: string,
  id: string,
  sources: TraceSources,
): Promise<TraceDetail> {
  for (const { from, to } of timesOfId(id)) {
    const [row] = await query<DetailRow>(
      `SELECT ${traceSelection}, encode(t.leaf_hash, 'hex') AS leaf FROM (
         SELECT ${traceColumns}, price_version, content_type, content_encoding, capture_truncated, body_codec,
           encryption_key_version, node_id, boot_id, lane, seq, leaf_hash, detail,
           octet_length(request_body) AS request_stored, octet_length(response_body) AS response_stored
         FROM loom.traces
         WHERE tenant_id = $1 AND created_at BETWEEN $2::timestamptz AND $3::timestamptz AND id = $4) t
       ${joinKeys("$1::uuid")}`,
      [tenantId, from, to, id],
    );
    if (row === undefined) continue;
    const detail = readRowDetail(row.detail);
    const lines = await sources.linesOf(...pricedBy(row, detail));
    return makeDetail(row, detail, lines, sources.right);
  }
  throw new LoomError("trace_not_found");
}

/** What the lane asked the price list when it made the row, and what it was told. */
function pricedBy(row: DetailRow, { attempts }: RowDetail): readonly [PriceQuestion, Price] {
  const last = attempts?.at(-1);
  const question = {
    providerKind: last?.kind ?? null,
    providerName: row.provider,
    model: last?.model ?? null,
    responseModel: row.response_model,
    usage: {
      promptTokens: row.prompt_tokens,
      completionTokens: row.completion_tokens,
      cachedTokens: row.cached_tokens,
    },
    atMs: Number(row.micros) / 1000,
  };
  return [question, { costUsd: row.estimated_cost_usd, priceVersion: row.price_version }];
}

function readTimes({ streamTimes }: RowDetail): TraceDetail["streamTimes"] {
  return streamTimes && { every: streamTimes.every, ms: [...streamTimes.ms], bytes: [...streamTimes.bytes] };
}

/** The user agent is recorded by itself, and is a header all the same. */
function headersOf({ userAgent, requestHeaders, answerHeaders }: RowDetail) {
  const named = userAgent === null ? [] : [{ name: "user-agent", value: userAgent }];
  return {
    requestHeaders: requestHeaders && [...named, ...requestHeaders],
    answerHeaders: answerHeaders && [...answerHeaders],
  };
}

function makeDetail(
  row: DetailRow,
  detail: RowDetail,
  lines: readonly CostLine[] | null,
  right: BodyRight,
): TraceDetail {
  const bodyFacts = (bytes: string, stored: number | null) => ({
    state:
      bytes === "0" || stored === null ? ("none" as const) : right.isErased ? ("erased" as const) : ("kept" as const),
    bytes: Number(bytes),
    storedBytes: stored ?? 0,
  });
  const { micros } = row;
  return {
    ...makeTrace(row),
    priceVersion: row.price_version,
    contentType: row.content_type,
    contentEncoding: row.content_encoding,
    captureTruncated: row.capture_truncated,
    bodyCodec: row.body_codec,
    encryptionKeyVersion: row.encryption_key_version,
    nodeId: row.node_id,
    bootId: row.boot_id,
    lane: row.lane,
    seq: Number(row.seq),
    leafHash: row.leaf,
    recordedAt: row.recorded_at?.toISOString() ?? isoOfMicros(micros),
    attemptList: detail.attempts === null ? null : [...detail.attempts],
    phases: detail.phases,
    streamTimes: readTimes(detail),
    client: readClient(row.tags),
    userAgent: detail.userAgent,
    ...headersOf(detail),
    costLines: lines && lines.map(({ costUsd, ...line }) => ({ ...line, costUSD: costUsd })),
    bodies: {
      mayRead: right.mayRead,
      missingScope: right.mayRead ? null : bodiesScope,
      request: bodyFacts(row.request_bytes, row.request_stored),
      response: bodyFacts(row.response_bytes, row.response_stored),
    },
  };
}
