// What Loom keeps of an exchange, as it travels from the main thread to a lane: one `begin`, any number of
// `chunk`s, one `end`. Bodies travel beside these records as bytes; the records themselves are JSON.

/** How an exchange ended. `interrupted` is only ever set by a replay. */
export type Outcome = "complete" | "error" | "aborted" | "truncated" | "interrupted" | "refused";

/** Which bytes-to-tokens collector reads the answer. */
export type UsageFormat =
  | "openai-chat"
  | "openai-embeddings"
  | "openai-responses"
  /** A response that is read again: counts if it was made in the background and nobody has counted it yet. */
  | "openai-response-read"
  | "openai-audio"
  | "openai-images"
  | "none";

/** Known at admission, before anything is forwarded. Its body is the request's bytes as the client sent them. */
export type TraceBegin = {
  /** UUIDv7, text form. The row's id and `x-loom-trace-id`. */
  readonly id: string;
  readonly tenantId: string;
  /** The tenant's salt for key derivation, base64. Never written anywhere by the lane. */
  readonly keySalt: string;
  readonly apiKeyId: string;
  /** Unix time of the first byte seen, ms with fractions. Frozen: a replayed row is the same row. */
  readonly createdAtMs: number;
  /** The operation as a template, such as `/v1/responses/{id}`, whichever form of its path the client used. */
  readonly endpoint: string;
  /** The client's own request id, or null. Never a key. */
  readonly requestId: string | null;
  /** 32 hex digits: the caller's trace id, else the id's own 16 bytes. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** The model that the client asked for, as it wrote it, or null when it could not be read. */
  readonly model: string | null;
  readonly streamed: boolean;
  readonly sessionId: string | null;
  readonly endUser: string | null;
  readonly tags: readonly string[];
  /** The caller's span, where it sent a valid `traceparent`. */
  readonly parent?: RemoteParent;
  /** Until the key was checked, ms since the exchange began. Left out where nobody measured it. */
  readonly authenticatedMs?: number;
  /** Until the exchange had its number, ms since it began. */
  readonly admittedMs?: number;
  /** What the client's program calls itself, where it does. */
  readonly userAgent?: string;
  /** Those of the request's other headers that are recorded, as lines of `name: value`. Left out where nobody looked. */
  readonly requestHeaders?: string;
};

/** When the bytes of a stream came: at `ms[n]` since the exchange began there were `bytes[n]` of them in all. */
export type StreamTimes = {
  /** One chunk in so many is here, the first among them: a power of two. */
  readonly every: number;
  readonly ms: readonly number[];
  readonly bytes: readonly number[];
};

/** What a caller's `traceparent` and `tracestate` say beside the trace id. */
export type RemoteParent = {
  /** 16 hex digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
  readonly state: string | null;
};

/** One try on one target. Times are ms since the exchange began. */
export type Attempt = {
  readonly provider: string;
  readonly model: string;
  readonly status: number | null;
  readonly errorCode: string | null;
  /** The provider's contract. */
  readonly kind?: string;
  /** Scheme, host and port it went to. */
  readonly origin?: string;
  readonly startedMs: number;
  readonly endedMs: number;
};

/** Known when an exchange is over. Its body is the part of the answer that no `chunk` carried yet. */
export type TraceEnd = {
  readonly outcome: Outcome;
  /** The status that the client was given; 499 when it had left before any. */
  readonly statusCode: number;
  readonly errorCode: string | null;
  /** The provider that answered (or was tried last), or null when none was tried. */
  readonly provider: string | null;
  /** The provider's contract (`openai`, `azure-openai`, ...), which names its price list; null when none was tried. */
  readonly providerKind: string | null;
  /** The model name as it was sent upstream, or null. */
  readonly upstreamModel: string | null;
  readonly attempts: readonly Attempt[];
  readonly latencyMs: number;
  readonly ttfbMs: number | null;
  readonly overheadMs: number;
  /** True sizes, also where the capture was cut. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly captureTruncated: boolean;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly usageFormat: UsageFormat;
  /** Of an event stream that has begun. */
  readonly streamTimes?: StreamTimes;
  /** Those of the provider's headers that are recorded, as lines of `name: value`. Left out where no answer came. */
  readonly answerHeaders?: string;
};

/** An exchange that the lane has whole: what seal, account and persist work on. */
export type FinishedExchange = {
  /** The lane's number for this exchange: 1, 2, 3, ... without gaps. */
  readonly seq: number;
  readonly begin: TraceBegin;
  readonly end: TraceEnd;
  readonly requestBody: Uint8Array;
  readonly responseBody: Uint8Array;
};
