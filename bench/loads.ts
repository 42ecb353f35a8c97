// The loads that the generator's process can make, and what it answers: the words between load-process.ts and
// load-client.ts. Samples stay whole, so that percentiles are exact and rounds can be joined.

export type LoadTarget = {
  /** Whole address of the chat completions endpoint. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly key: string;
  readonly body: string;
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

export type Load = ClosedLoad | StreamsLoad;
export type LoadResult = ClosedResult | StreamsResult;
export type LoadAnswer =
  | { readonly kind: "result"; readonly result: LoadResult }
  | { readonly kind: "failed"; readonly message: string };
