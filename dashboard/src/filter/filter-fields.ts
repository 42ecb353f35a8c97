// The fields of the filter language, what they take, and where their values come from: for suggestions only.

export type FilterField = {
  readonly name: string;
  readonly says: string;
  readonly examples: readonly string[];
  /** The group of `/v1/analytics/top` that lists its values. */
  readonly top?: string;
};

export const filterFields: readonly FilterField[] = [
  { name: "model", says: "asked for or served; gpt-4* for a prefix", examples: [], top: "model" },
  { name: "provider", says: "who answered", examples: [], top: "provider" },
  {
    name: "outcome",
    says: "how it ended",
    examples: ["complete", "error", "aborted", "truncated", "interrupted", "refused"],
  },
  { name: "status", says: "HTTP status", examples: ["5xx", "4xx", ">=400", "200", "429"] },
  { name: "latency", says: "how long it took", examples: [">500ms", ">2s", ">10s"] },
  { name: "cost", says: "US dollars", examples: [">0.01", ">0.1", ">1"] },
  { name: "key", says: "client key, by prefix or id", examples: [], top: "key" },
  { name: "session", says: "session id; abc* for a prefix", examples: [], top: "session" },
  { name: "user", says: "end user", examples: [], top: "user" },
  { name: "tag", says: "one of several with commas", examples: [], top: "tag" },
  { name: "error", says: "error code", examples: [], top: "error" },
  { name: "endpoint", says: "path of the API", examples: [], top: "endpoint" },
  { name: "streamed", says: "true or false", examples: ["true", "false"] },
];
