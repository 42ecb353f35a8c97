// The one table of error codes: what each means, who caused it, and what a client is told.
// The keys are the closed vocabulary used in replies, in `traces.error_code`, in logs and in metric labels.

/** Who caused an error: the client side, the provider side, or Loom itself. */
export type ErrorSource = "downstream" | "upstream" | "internal";

type CodeEntry = {
  readonly status: number;
  /** The `type` of the OpenAI error shape. */
  readonly type: string;
  readonly source: ErrorSource;
  /** Whether the same request may succeed when sent again unchanged. */
  readonly retryable: boolean;
  /** Default text; a `LoomError` may carry a more exact one. */
  readonly message: string;
};

export const codes = {
  bad_request: {
    status: 400,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The request could not be understood.",
  },
  invalid_json: {
    status: 400,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The request body is not valid JSON.",
  },
  invalid_request: {
    status: 400,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The request body has a field of the wrong type.",
  },
  provider_not_configured: {
    status: 400,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "That provider has no settings for this key's tenant.",
  },
  missing_api_key: {
    status: 401,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "No API key was given. Send it as `Authorization: Bearer sk-loom-...`.",
  },
  invalid_api_key: {
    status: 401,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The API key is unknown, expired or revoked.",
  },
  upstream_forbidden: {
    status: 403,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The provider's address is not one that a tenant may choose.",
  },
  not_found: {
    status: 404,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "There is nothing at this path.",
  },
  model_not_found: {
    status: 404,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "No provider is known for this model.",
  },
  method_not_allowed: {
    status: 405,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "This path does not take that method.",
  },
  request_timeout: {
    status: 408,
    type: "invalid_request_error",
    source: "downstream",
    retryable: true,
    message: "The request did not arrive in time.",
  },
  length_required: {
    status: 411,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "Send a Content-Length; chunked request bodies are refused (setting listen.chunkedRequests).",
  },
  body_too_large: {
    status: 413,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The request body is larger than this gateway accepts.",
  },
  client_gone: {
    status: 499,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The client closed the connection before the answer was complete.",
  },
  client_stalled: {
    status: 499,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The client stopped reading its answer.",
  },
  expectation_failed: {
    status: 417,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The only expectation that is met is 100-continue.",
  },
  headers_too_large: {
    status: 431,
    type: "invalid_request_error",
    source: "downstream",
    retryable: false,
    message: "The request's headers are larger than this gateway accepts.",
  },
  websocket_unsupported: {
    status: 501,
    type: "server_error",
    source: "downstream",
    retryable: false,
    message: "This gateway does not speak WebSocket; use the HTTP endpoints.",
  },
  internal_error: {
    status: 500,
    type: "server_error",
    source: "internal",
    retryable: true,
    message: "The gateway failed on this request. The failure is logged under the trace id.",
  },
  record_failed: {
    status: 500,
    type: "server_error",
    source: "internal",
    retryable: true,
    message: "The answer could not be recorded, so it is withheld.",
  },
  upstream_unreachable: {
    status: 502,
    type: "server_error",
    source: "upstream",
    retryable: true,
    message: "The provider could not be reached.",
  },
  upstream_cut: {
    status: 502,
    type: "server_error",
    source: "upstream",
    retryable: true,
    message: "The provider broke off its answer.",
  },
  upstream_invalid: {
    status: 502,
    type: "server_error",
    source: "upstream",
    retryable: true,
    message: "The provider's answer could not be read.",
  },
  auth_unavailable: {
    status: 503,
    type: "server_error",
    source: "internal",
    retryable: true,
    message: "The key cannot be checked while the database is away.",
  },
  overloaded: {
    status: 503,
    type: "server_error",
    source: "internal",
    retryable: true,
    message: "The gateway has as many requests in hand as it takes; try again in a moment.",
  },
  trace_store_unavailable: {
    status: 503,
    type: "server_error",
    source: "internal",
    retryable: true,
    message: "Requests cannot be recorded at the moment, so they are refused.",
  },
  upstream_timeout: {
    status: 504,
    type: "server_error",
    source: "upstream",
    retryable: true,
    message: "The provider did not answer in time.",
  },
  exchange_timeout: {
    status: 504,
    type: "server_error",
    source: "upstream",
    retryable: true,
    message: "The whole request took longer than this gateway allows.",
  },
  // The provider's own error answers, which pass unchanged: these name them in traces, logs and metrics only.
  provider_refused: {
    status: 400,
    type: "invalid_request_error",
    source: "upstream",
    retryable: false,
    message: "The provider refused the request.",
  },
  provider_rate_limited: {
    status: 429,
    type: "rate_limit_error",
    source: "upstream",
    retryable: true,
    message: "The provider's rate limit was reached.",
  },
  provider_failed: {
    status: 502,
    type: "server_error",
    source: "upstream",
    retryable: true,
    message: "The provider failed.",
  },
} as const satisfies Record<string, CodeEntry>;

export type LoomErrorCode = keyof typeof codes;
