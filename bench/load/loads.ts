// The loads that the generator's process can make, and what it answers: the words between load-process.ts and
// load-client.ts. Samples stay whole, so that percentiles are exact and rounds can be joined.

export type LoadTarget = {
  /** Whole address of the chat completions endpoint. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly key: string;
  readonly body: string;
  /** Further headers, for peers that want some. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** `connections` connections, each with one request open at any time, until `requests` answers have come. */
export type ClosedLoad = LoadTarget & {
  readonly kind: "closed";
  readonly connections: number;
  readonly requests: number;
  readonly timeoutMs: number;
};

export type ClosedResult = {
  readonly kind: "closed";
  readonly latenciesMs: Float64Array;
  readonly elapsedMs: number;
  /** Answers by status; only 200 is a success. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests without an answer. */
  readonly unanswered: number;
};

/** A closed loop whose requests each bear another key: request n has `keys[n % keys.length]`. `key` is not sent. */
export type KeyedLoad = LoadTarget & {
  readonly kind: "keyed";
  readonly keys: readonly string[];
  readonly connections: number;
  readonly requests: number;
  readonly timeoutMs: number;
};

/**
 * `perSecond` requests a second, each due at a time of its own whatever became of those before it. What answers late
 * delays no other request, and a request that had to wait for a connection is counted from when it was due.
 */
export type OpenLoad = LoadTarget & {
  readonly kind: "open";
  readonly perSecond: number;
  readonly durationMs: number;
  readonly connectionsMax: number;
  /** How long answers are waited for after the last request was due. */
  readonly timeoutMs: number;
};

export type OpenResult = {
  readonly kind: "open";
  /** From the time at which a request was due to the last byte of its answer. */
  readonly latenciesMs: Float64Array;
  /** From the time at which a request was due to the time at which it was written: the generator's own part. */
  readonly latenessMs: Float64Array;
  readonly offered: number;
  readonly elapsedMs: number;
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests without a whole answer: `broken`, and those still open at the end. */
  readonly unanswered: number;
  /** Requests whose connection was refused or ended before their answer. */
  readonly broken: number;
  readonly connections: number;
};

/** `streams` streams, begun evenly over `startOverMs`, each on a connection of its own. */
export type StreamsLoad = LoadTarget & {
  readonly kind: "streams";
  readonly streams: number;
  readonly startOverMs: number;
  readonly timeoutMs: number;
};

export type StreamsResult = {
  readonly kind: "streams";
  /** From the request on a connected socket to the first byte of the answer's body. */
  readonly firstByteMs: Float64Array;
  /** Between two content events of one stream, as they arrived. */
  readonly gapsMs: Float64Array;
  readonly elapsedMs: number;
  /** All events, also those without content. */
  readonly events: number;
  /** Body bytes of a stream (as SHA-256) -> number of streams that had them. */
  readonly digests: Readonly<Record<string, number>>;
  /** Streams that did not end with `[DONE]`, in words -> how many. */
  readonly failures: Readonly<Record<string, number>>;
  /** How late the generator itself began its streams: a measure of its own accuracy. */
  readonly startLatenessMs: Float64Array;
};

export type Load = ClosedLoad | KeyedLoad | OpenLoad | StreamsLoad;
export type LoadResult = ClosedResult | OpenResult | StreamsResult;
export type LoadAnswer =
  | { readonly kind: "result"; readonly result: LoadResult }
  | { readonly kind: "failed"; readonly message: string };
