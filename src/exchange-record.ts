// The record of one exchange from its admission to its end: what gateway phases learn of it, on its way to a lane.
import type { Caller } from "./config/tenant.js";
import type { LoomError } from "./errors/loom-error.js";
import type { OnAcknowledged } from "./hand-off/sent-batch.js";
import type { RecordLane } from "./hand-off/unrecorded.js";
import { limits } from "./limits.js";
import type { Exchange } from "./listen/exchange.js";
import { keepRequestHeaders } from "./trace/kept-headers.js";
import type { Attempt, Outcome, StreamTimes, TraceBegin, TraceEnd, UsageFormat } from "./trace/record.js";
import { type TraceContext, traceContextOf } from "./trace/trace-context.js";
import type { FlowState } from "./upstream-flow.js";

/** What is known of a request when it is admitted; all null where its body could not be read. */
export type RequestFacts = {
  /** The template of the endpoint. */
  readonly endpoint: string;
  readonly model: string | null;
  readonly streamed: boolean;
  readonly sessionId: string | null;
  readonly endUser: string | null;
  readonly tags: readonly string[];
};

export const unreadRequest: Omit<RequestFacts, "endpoint"> = {
  model: null,
  streamed: false,
  sessionId: null,
  endUser: null,
  tags: [],
};

/** What is known when it is over. */
export type ExchangeEnd = {
  readonly outcome: Outcome;
  readonly statusCode: number;
  readonly errorCode: string | null;
  readonly provider?: {
    readonly name: string;
    readonly kind: string;
    readonly model: string;
    readonly usageFormat: UsageFormat;
  };
  readonly attempts?: readonly Attempt[];
  readonly ttfbMs?: number | null;
  readonly overheadMs: number;
  readonly response?: {
    readonly bytes: number;
    readonly rest: readonly Uint8Array[];
    readonly isTruncated: boolean;
    readonly contentType: string | null;
    readonly contentEncoding: string | null;
    readonly streamTimes: StreamTimes | null;
    /** Null where the provider gave none. */
    readonly headers: string | null;
  };
};

/** A cut may leave half a character, and a client may send one. */
function clip(text: string): string {
  return text.slice(0, limits.columnTextMax).toWellFormed();
}

export type Admission = {
  readonly id: string;
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly facts: RequestFacts;
  /** Monotonic time at which the key was known, ms. */
  readonly authenticatedAtMs: number;
  readonly lane: RecordLane;
  /** Told when the lane is too far behind the answer, and when no longer. */
  readonly onLag?: (state: FlowState) => void;
  /** Counts what the lane has not acknowledged, for all exchanges together. */
  readonly held?: { add(bytes: number): void };
  /** Called when the `begin` frame is kept; undefined when nobody waits for it. */
  readonly onAcknowledged: OnAcknowledged | undefined;
  /** Called, once, when a part of the answer cannot be kept: the record will not become whole any more. */
  readonly onBroken?: (error: LoomError) => void;
};

export class ExchangeRecord {
  readonly id: string;
  readonly trace: TraceContext;
  readonly #exchange: Exchange;
  readonly #lane: RecordLane;
  readonly #seq: number;
  readonly #onLag: (state: FlowState) => void;
  #onBroken: ((error: LoomError) => void) | undefined;
  readonly #held: { add(bytes: number): void };
  #state: "open" | "ended" = "open";
  #unrecordedBytes = 0;

  /** Admits the exchange: its `begin` is sent. */
  constructor(admission: Admission) {
    const { id, exchange, caller, facts, authenticatedAtMs, lane, onLag, held, onAcknowledged } = admission;
    this.id = id;
    this.trace = traceContextOf(id, exchange.headers);
    this.#exchange = exchange;
    this.#lane = lane;
    this.#onLag = onLag ?? (() => {});
    this.#onBroken = admission.onBroken;
    this.#held = held ?? { add: () => {} };
    const { headers } = exchange;
    const userAgent = headers.get("user-agent");
    const begin: TraceBegin = {
      id,
      tenantId: caller.tenant.id,
      keySalt: caller.tenant.keySalt ?? "",
      apiKeyId: caller.apiKeyId,
      createdAtMs: exchange.createdAtMs,
      endpoint: facts.endpoint,
      requestId: headers.has("x-request-id") ? clip(headers.get("x-request-id") ?? "") : null,
      traceId: this.trace.traceId,
      spanId: this.trace.spanId,
      ...(this.trace.parent !== null && { parent: this.trace.parent }),
      authenticatedMs: authenticatedAtMs - exchange.receivedAtMs,
      admittedMs: performance.now() - exchange.receivedAtMs,
      model: facts.model === null ? null : clip(facts.model),
      streamed: facts.streamed,
      sessionId: facts.sessionId === null ? null : clip(facts.sessionId),
      endUser: facts.endUser === null ? null : clip(facts.endUser),
      tags: facts.tags.map(clip),
      ...(userAgent !== undefined && { userAgent: userAgent.slice(0, limits.userAgentMax) }),
      requestHeaders: keepRequestHeaders(headers),
    };
    this.#seq = lane.begin(begin, exchange.body, onAcknowledged);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  readonly sendChunk = (bytes: readonly Uint8Array[]): void => {
    if (this.#state === "ended") return;
    let size = 0;
    for (const part of bytes) size += part.byteLength;
    this.#unrecordedBytes += size;
    this.#held.add(size);
    if (this.#unrecordedBytes > limits.unrecordedBytesMax) this.#onLag("held");
    this.#lane.chunk(this.#seq, bytes, (error) => {
      this.#unrecordedBytes -= size;
      this.#held.add(-size);
      if (this.#unrecordedBytes <= limits.unrecordedBytesMax) this.#onLag("free");
      if (error === null || this.#state === "ended") return;
      const onBroken = this.#onBroken;
      this.#onBroken = undefined;
      onBroken?.(error);
    });
  };

  /** Ends the record; only the first call counts. */
  end(end: ExchangeEnd, onAcknowledged: OnAcknowledged): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    const { provider, response } = end;
    const traceEnd: TraceEnd = {
      outcome: end.outcome,
      statusCode: end.statusCode,
      errorCode: end.errorCode,
      provider: provider?.name ?? null,
      providerKind: provider?.kind ?? null,
      upstreamModel: provider?.model ?? null,
      attempts: end.attempts ?? [],
      latencyMs: performance.now() - this.#exchange.receivedAtMs,
      ttfbMs: end.ttfbMs ?? null,
      overheadMs: end.overheadMs,
      requestBytes: this.#exchange.rest?.totalBytes ?? this.#exchange.body.length,
      responseBytes: response?.bytes ?? 0,
      captureTruncated: this.#exchange.rest !== null || response?.isTruncated === true,
      contentType: response?.contentType ?? null,
      contentEncoding: response?.contentEncoding ?? null,
      usageFormat: provider?.usageFormat ?? "none",
      ...(response?.streamTimes && { streamTimes: response.streamTimes }),
      ...(response !== undefined && response.headers !== null && { answerHeaders: response.headers }),
    };
    this.#lane.end(this.#seq, traceEnd, response?.rest ?? [], onAcknowledged);
  }
}
