// From undici's errors to the table of codes, and whether anything can have reached the provider.
import { LoomError } from "../errors/loom-error.js";

const connectFaults: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  // TLS was spoken to a port that does not: nothing was sent.
  "EPROTO",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
const timeouts: ReadonlySet<string> = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);
/** undici refused the request itself; see pools.ts. */
const refusals: ReadonlySet<string> = new Set(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED"]);
const parserError = "HTTPParserError";

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** Whether the answer was no HTTP. undici gives most of its parser's errors no code, only a name. */
function isMalformed(error: unknown, code: string): boolean {
  return (
    code.startsWith("HPE_") || code === "UND_ERR_HEADERS_OVERFLOW" || (error as Error | null)?.name === parserError
  );
}

/** True when the connection was never made, so that nothing can have been processed. */
export function neverSent(error: unknown): boolean {
  return connectFaults.has(codeOf(error));
}

/**
 * True when a kept connection turned out to be gone and nothing can have been processed, whatever the method: undici had
 * not begun to write, or the system refused to take the bytes.
 */
export function isStale(error: unknown, sent: "perhaps" | "nothing"): boolean {
  const { syscall } = (error ?? {}) as { syscall?: unknown };
  const code = codeOf(error);
  const isReset = code === "ECONNRESET" || code === "EPIPE";
  if (sent === "nothing") return isReset || code === "UND_ERR_SOCKET";
  return isReset && (syscall === "write" || syscall === "writev");
}

export function isRefusal(error: unknown): boolean {
  return refusals.has(codeOf(error));
}

export function upstreamFault(error: unknown): LoomError {
  if (error instanceof LoomError) return error;
  const code = codeOf(error);
  if (connectFaults.has(code)) {
    return new LoomError(code === "UND_ERR_CONNECT_TIMEOUT" ? "upstream_timeout" : "upstream_unreachable", {
      cause: error,
    });
  }
  if (timeouts.has(code)) return new LoomError("upstream_timeout", { cause: error });
  if (refusals.has(code)) return new LoomError("internal_error", { cause: error });
  if (isMalformed(error, code)) return new LoomError("upstream_invalid", { cause: error });
  return new LoomError("upstream_cut", { cause: error });
}
