// Written from the OpenAPI document by write-api-types.ts; a tidy test holds it against the document, and
// `npx vitest run --project tidy -u` writes it anew.

export type ApiError = {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The parameter at fault. */
    readonly param: string | null;
    readonly code: string;
    /** Where in that parameter's text the fault is, in UTF-16 units. */
    readonly position?: {
      readonly start: number;
      readonly end: number;
    };
  };
};

export type Attempt = {
  readonly provider: string;
  /** The provider's contract, such as `azure-openai`. */
  readonly kind: string | null;
  /** As it was sent to the provider. */
  readonly model: string;
  readonly status: number | null;
  readonly errorCode: string | null;
  /** Since the exchange began. */
  readonly startedMs: number;
  readonly endedMs: number;
};

export type Body = {
  /** Size of the whole body as it was captured, decoded if `decoded` says so. */
  readonly bytes: number;
  /** Of the first byte in `text`. */
  readonly offset: number;
  /** After the last byte in `text`; less than `bytes` when this is a part of it. */
  readonly endOffset: number;
  /** How `text` holds the bytes; base64 when they are no UTF-8. */
  readonly encoding: "utf8" | "base64";
  readonly text: string;
  /** The content encoding that was undone, such as gzip. */
  readonly decoded: string | null;
  readonly contentType: string | null;
  readonly captureTruncated: boolean;
};

export type BodyFacts = {
  /** none: there are no bytes. erased: the tenant's key was destroyed, nobody can open it. */
  readonly state: "kept" | "none" | "erased";
  /** True size, also where the capture was cut. */
  readonly bytes: number;
  /** Size of the ciphertext. */
  readonly storedBytes: number;
};

export type Client = {
  /** Such as `openai-js`. */
  readonly library: string;
  readonly version: string | null;
  /** 0: the first try. */
  readonly retry: number;
};

export type CostLine = {
  readonly item: "Input" | "Cached input" | "Output";
  readonly tokens: number;
  readonly usdPerMillion: number | null;
  readonly costUSD: number;
};

export type Figures = {
  readonly totalRequests: number;
  readonly totalTokens: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** Summed in SQL over the requests that have a price. */
  readonly estimatedCostUSD: number;
  /** Requests with usage that no price is known for; not in the cost. */
  readonly unpricedRequests: number;
  /** Share of requests with outcome error, truncated, interrupted or refused, 0 to 1. */
  readonly errorRate: number | null;
  readonly avgLatencyMs: number | null;
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  readonly p99LatencyMs: number | null;
  readonly avgTtfbMs: number | null;
  readonly p50TtfbMs: number | null;
  readonly p95TtfbMs: number | null;
  readonly p99TtfbMs: number | null;
  readonly avgOverheadMs: number | null;
  readonly streamedRequests: number;
  readonly outcomes: OutcomeCounts;
  readonly statuses: StatusCounts;
};

export type Header = {
  readonly name: string;
  readonly value: string;
};

export type Key = {
  readonly id: string;
  /** `sk-loom-<public id>`; the key itself is shown once, when it is made. */
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly state: "active" | "expired" | "revoked";
  /** The key of this request. */
  readonly isOwn: boolean;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute; null: not in the last 90 days. */
  readonly lastUsedAt: string | null;
  readonly totalRequests: number;
  readonly errorRate: number | null;
  readonly totalTokens: number;
  readonly estimatedCostUSD: number;
  readonly unpricedRequests: number;
};

export type KeyList = {
  readonly object: "list";
  /** What the sums of usage cover. */
  readonly window: {
    readonly from: string;
    readonly to: string;
  };
  readonly data: readonly Key[];
};

export type KeyName = {
  readonly id: string;
  /** `sk-loom-<public id>`; null for a key that is not in the table any more. */
  readonly prefix: string | null;
  readonly name: string | null;
};

/** Data of the event `fault`: the database is away; the tail goes on by itself when it is back. */
export type LiveFault = {
  readonly message: string;
};

/** Data of the event `ready`, the first one. */
export type LiveReady = {
  readonly rowsPerSecondMax: number;
  /** The filter in force, in the filter language. */
  readonly filter: string;
};

/** Data of the event `traces`. */
export type LiveTraces = {
  /** Exchanges that came to their end since the last event, oldest first. */
  readonly data: readonly Trace[];
  /** Further ones that matched in that time and were not sent, to stay readable. */
  readonly leftOut: number;
};

export type Me = {
  readonly tenant: {
    readonly id: string;
    readonly name: string;
  };
  readonly key: {
    readonly id: string;
    readonly prefix: string;
    readonly name: string;
    readonly expiresAt: string | null;
  };
  readonly scopes: readonly string[];
  /** What this key may see. */
  readonly may: {
    /** Metadata of all traces of the tenant. */
    readonly readTraces: boolean;
    /** Open sealed bodies (scope `bodies:read`); each opening is recorded. */
    readonly readBodies: boolean;
  };
  /** null: the tenant has no trace at all. */
  readonly newestTraceAt: string | null;
  readonly oldestTraceAt: string | null;
  /** `{jaegerUrl}/trace/{traceId}` shows the spans of a trace. */
  readonly jaegerUrl: string | null;
  /** null: traces are kept for ever. */
  readonly retentionDays: number | null;
  /** Of Loom. */
  readonly version: string;
};

export type OutcomeCounts = {
  readonly complete: number;
  readonly error: number;
  readonly aborted: number;
  readonly truncated: number;
  readonly interrupted: number;
  readonly refused: number;
};

export type Phases = {
  /** Until the key was checked, since the exchange began. */
  readonly authenticatedMs: number | null;
  /** Until the exchange had its number in the record. */
  readonly admittedMs: number | null;
};

export type Point = {
  readonly totalRequests: number;
  readonly totalTokens: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** Summed in SQL over the requests that have a price. */
  readonly estimatedCostUSD: number;
  /** Requests with usage that no price is known for; not in the cost. */
  readonly unpricedRequests: number;
  /** Share of requests with outcome error, truncated, interrupted or refused, 0 to 1. */
  readonly errorRate: number | null;
  readonly avgLatencyMs: number | null;
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  readonly p99LatencyMs: number | null;
  readonly avgTtfbMs: number | null;
  readonly p50TtfbMs: number | null;
  readonly p95TtfbMs: number | null;
  readonly p99TtfbMs: number | null;
  readonly avgOverheadMs: number | null;
  readonly streamedRequests: number;
  readonly outcomes: OutcomeCounts;
  readonly statuses: StatusCounts;
  /** Begin of the bucket. */
  readonly at: string;
};

export type Series = {
  /** The value that it stands for; null when nothing was asked to be grouped. */
  readonly group: string | null;
  /** For people: the key's name instead of its id, for instance. */
  readonly label: string | null;
  /** others: everything past the largest groups, in one series. */
  readonly kind: "all" | "group" | "others";
  /** Ascending. Buckets without requests are there, with zeros and nulls. */
  readonly points: readonly Point[];
};

export type Session = {
  readonly id: string;
  readonly firstAt: string;
  readonly lastAt: string;
  /** From the first request to the end of the last. */
  readonly durationMs: number;
  readonly totalRequests: number;
  readonly errors: number;
  readonly totalTokens: number;
  readonly estimatedCostUSD: number;
  readonly unpricedRequests: number;
  readonly models: readonly string[];
  readonly endUsers: readonly string[];
};

export type SessionList = {
  readonly object: "list";
  /** The session with the latest request first. */
  readonly data: readonly Session[];
  readonly nextCursor: string | null;
};

export type StatusCounts = {
  /** Below 400. */
  readonly ok: number;
  /** 4xx. */
  readonly clientError: number;
  readonly serverError: number;
};

export type StreamTimes = {
  /** One chunk in so many is here: 1, 2, 4, ... */
  readonly every: number;
  /** Since the exchange began. */
  readonly ms: readonly number[];
  /** How many bytes of the answer had come at that moment, from the provider. */
  readonly bytes: readonly number[];
};

export type Summary = {
  readonly totalRequests: number;
  readonly totalTokens: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** Summed in SQL over the requests that have a price. */
  readonly estimatedCostUSD: number;
  /** Requests with usage that no price is known for; not in the cost. */
  readonly unpricedRequests: number;
  /** Share of requests with outcome error, truncated, interrupted or refused, 0 to 1. */
  readonly errorRate: number | null;
  readonly avgLatencyMs: number | null;
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  readonly p99LatencyMs: number | null;
  readonly avgTtfbMs: number | null;
  readonly p50TtfbMs: number | null;
  readonly p95TtfbMs: number | null;
  readonly p99TtfbMs: number | null;
  readonly avgOverheadMs: number | null;
  readonly streamedRequests: number;
  readonly outcomes: OutcomeCounts;
  readonly statuses: StatusCounts;
  readonly window: TimeSpan;
  /** The equally long time before. */
  readonly previousWindow: TimeSpan;
  readonly previous: Figures;
  /** rollups: from sums. traces: from single rows, for filters that the sums cannot answer. */
  readonly source: "rollups" | "traces";
};

export type TimeSpan = {
  readonly from: string;
  readonly to: string;
};

export type Timeseries = {
  readonly window: TimeSpan;
  readonly bucketMinutes: number;
  /** Buckets of a day or longer begin at midnight there. */
  readonly timeZone: string;
  readonly groupBy: string | null;
  /** How many groups there are; those past the largest ones are in `others`. */
  readonly groupCount: number;
  readonly series: readonly Series[];
  /** rollups: from sums. traces: from single rows, for filters that the sums cannot answer. */
  readonly source: "rollups" | "traces";
};

export type Top = {
  readonly window: TimeSpan;
  readonly by: string;
  readonly metric: string;
  readonly groupCount: number;
  readonly data: readonly TopGroup[];
  /** rollups: from sums. traces: from single rows, for filters that the sums cannot answer. */
  readonly source: "rollups" | "traces";
};

export type TopGroup = {
  readonly totalRequests: number;
  readonly totalTokens: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** Summed in SQL over the requests that have a price. */
  readonly estimatedCostUSD: number;
  /** Requests with usage that no price is known for; not in the cost. */
  readonly unpricedRequests: number;
  /** Share of requests with outcome error, truncated, interrupted or refused, 0 to 1. */
  readonly errorRate: number | null;
  readonly avgLatencyMs: number | null;
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  readonly p99LatencyMs: number | null;
  readonly avgTtfbMs: number | null;
  readonly p50TtfbMs: number | null;
  readonly p95TtfbMs: number | null;
  readonly p99TtfbMs: number | null;
  readonly avgOverheadMs: number | null;
  readonly streamedRequests: number;
  readonly outcomes: OutcomeCounts;
  readonly statuses: StatusCounts;
  /** null: requests without such a value. */
  readonly group: string | null;
  readonly label: string | null;
  /** The filter, as `q` takes it, that shows the requests of this group. */
  readonly filter: string;
};

export type Trace = {
  /** UUIDv7; `x-loom-trace-id` of the answer. */
  readonly id: string;
  /** When the first byte of the request was seen. */
  readonly createdAt: string;
  readonly key: KeyName;
  /** The client's own `x-request-id`. */
  readonly requestId: string | null;
  /** OpenTelemetry trace id, 32 hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly endpoint: string;
  /** Who answered, or was tried last; null when none was tried. */
  readonly provider: string | null;
  /** As the client asked for it. */
  readonly model: string | null;
  /** As the provider named it in its answer. */
  readonly responseModel: string | null;
  readonly statusCode: number;
  readonly outcome: "complete" | "error" | "aborted" | "truncated" | "interrupted" | "refused";
  readonly errorCode: string | null;
  readonly finishReason: string | null;
  readonly streamed: boolean;
  readonly attempts: number;
  readonly latencyMs: number;
  /** From the request's first byte to the answer's first; null without answer. */
  readonly ttfbMs: number | null;
  /** Loom's own share of the latency: all but the wait for the provider. */
  readonly gatewayOverheadMs: number;
  /** Of the request. null: nobody said. */
  readonly promptTokens: number | null;
  /** Of the answer, reasoning included. null: nobody said. */
  readonly completionTokens: number | null;
  /** As the provider counts it. null: nobody said. */
  readonly totalTokens: number | null;
  /** The part of the prompt that the provider had cached. null: nobody said. */
  readonly cachedTokens: number | null;
  /** The part of the answer that was reasoning. null: nobody said. */
  readonly reasoningTokens: number | null;
  readonly usageSource: "provider" | "estimated" | "none";
  /** null: unpriced, which is not zero. */
  readonly estimatedCostUSD: number | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly sessionId: string | null;
  readonly endUser: string | null;
  readonly tags: readonly string[];
};

export type TraceBodies = {
  readonly id: string;
  /** null: there are no bytes, or another part was asked for. */
  readonly request: Body | null;
  readonly response: Body | null;
};

export type TraceDetail = {
  /** UUIDv7; `x-loom-trace-id` of the answer. */
  readonly id: string;
  /** When the first byte of the request was seen. */
  readonly createdAt: string;
  readonly key: KeyName;
  /** The client's own `x-request-id`. */
  readonly requestId: string | null;
  /** OpenTelemetry trace id, 32 hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly endpoint: string;
  /** Who answered, or was tried last; null when none was tried. */
  readonly provider: string | null;
  /** As the client asked for it. */
  readonly model: string | null;
  /** As the provider named it in its answer. */
  readonly responseModel: string | null;
  readonly statusCode: number;
  readonly outcome: "complete" | "error" | "aborted" | "truncated" | "interrupted" | "refused";
  readonly errorCode: string | null;
  readonly finishReason: string | null;
  readonly streamed: boolean;
  readonly attempts: number;
  readonly latencyMs: number;
  /** From the request's first byte to the answer's first; null without answer. */
  readonly ttfbMs: number | null;
  /** Loom's own share of the latency: all but the wait for the provider. */
  readonly gatewayOverheadMs: number;
  /** Of the request. null: nobody said. */
  readonly promptTokens: number | null;
  /** Of the answer, reasoning included. null: nobody said. */
  readonly completionTokens: number | null;
  /** As the provider counts it. null: nobody said. */
  readonly totalTokens: number | null;
  /** The part of the prompt that the provider had cached. null: nobody said. */
  readonly cachedTokens: number | null;
  /** The part of the answer that was reasoning. null: nobody said. */
  readonly reasoningTokens: number | null;
  readonly usageSource: "provider" | "estimated" | "none";
  /** null: unpriced, which is not zero. */
  readonly estimatedCostUSD: number | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly sessionId: string | null;
  readonly endUser: string | null;
  readonly tags: readonly string[];
  readonly priceVersion: string | null;
  /** Of the answer. */
  readonly contentType: string | null;
  /** Of the answer, as the provider sent it. */
  readonly contentEncoding: string | null;
  /** The client got more bytes than the trace holds. */
  readonly captureTruncated: boolean;
  readonly bodyCodec: string;
  readonly encryptionKeyVersion: number;
  readonly nodeId: string;
  readonly bootId: string;
  readonly lane: number;
  readonly seq: number;
  /** Hex; the row's leaf in the ledger. */
  readonly leafHash: string | null;
  /** When the row came into the database. */
  readonly recordedAt: string;
  /** Each try on a provider; null where only their number was kept. */
  readonly attemptList: readonly Attempt[] | null;
  /** null: not recorded. */
  readonly phases: Phases | null;
  /** An even share of the moments at which a stream's bytes came, the first among them; at most 64. */
  readonly streamTimes: StreamTimes | null;
  /** What an official client said of itself (`x-stainless-*`). */
  readonly client: Client | null;
  /** Of the request; null when there was none, or it was not recorded. */
  readonly userAgent: string | null;
  /** Of the request's headers those on a fixed list, none that is a credential; null: not recorded. */
  readonly requestHeaders: readonly Header[] | null;
  /** Likewise of the provider's; null as well where no provider answered. */
  readonly answerHeaders: readonly Header[] | null;
  /** What the estimated cost is made of; null when it is unpriced, or its lines cannot be given to the last decimal. */
  readonly costLines: readonly CostLine[] | null;
  readonly bodies: {
    /** Whether this key has the scope `bodies:read`. */
    readonly mayRead: boolean;
    readonly missingScope: "bodies:read" | null;
    readonly request: BodyFacts;
    readonly response: BodyFacts;
  };
};

export type TraceList = {
  readonly object: "list";
  /** Newest first. */
  readonly data: readonly Trace[];
  /** Give it as `cursor` for what is older; null at the end. */
  readonly nextCursor: string | null;
  /** The time that this page has looked through. A rare filter may give a short or empty page and a cursor. */
  readonly searched: {
    /** null: as far back as there is anything. */
    readonly from: string | null;
    readonly to: string;
    /** false: the search stopped at `from` to stay quick, and `nextCursor` goes on from there. */
    readonly isComplete: boolean;
  };
};
