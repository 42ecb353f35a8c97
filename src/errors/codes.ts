// The one table of error codes: what each means, who caused it, and what a client is told.
// The keys are the closed vocabulary used in replies, in `traces.error_code`, in logs and in metric labels.
import { clientCodes } from "./client-codes.js";
import type { CodeEntry } from "./code-entry.js";

export const codes = {
  ...clientCodes,
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
  query_too_slow: {
    status: 503,
    type: "server_error",
    source: "internal",
    retryable: true,
    message: "The query took too long. Narrow the time or the filter.",
  },
  query_unavailable: {
    status: 503,
    type: "server_error",
    source: "internal",
    retryable: true,
    message: "The record cannot be read while the database is away.",
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
