// The headers of an upstream request: the provider's own, and of the client's only those on a list. Nothing else
// crosses, because one forwarded header can stop a pool (see pools.ts), leak a key or smuggle a request.
import { LoomError } from "../errors/loom-error.js";

const namePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;
const pathPattern = /^\/[\x21-\x7e]*$/;

const forwarded: readonly string[] = [
  "accept",
  "content-type",
  "user-agent",
  "openai-beta",
  "idempotency-key",
  "x-client-request-id",
  // Of downloads: a part of a file, or nothing when it is known.
  "range",
  "if-range",
  "if-none-match",
];
/** They choose whose account is billed, so they go only where the tenant gave the provider key itself. */
const forwardedToOwnAccount: readonly string[] = ["openai-organization", "openai-project"];

export type UpstreamHeadersInput = {
  readonly client: ReadonlyMap<string, string>;
  readonly provider: Readonly<Record<string, string>>;
  readonly ownAccount: boolean;
  readonly hasBody: boolean;
};

/**
 * Header names and values for undici. A client's value that HTTP does not allow is left out; a fault in the
 * provider's own is a LoomError `internal_error`, since it comes from settings.
 */
export function upstreamHeaders({
  client,
  provider,
  ownAccount,
  hasBody,
}: UpstreamHeadersInput): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ownAccount ? [...forwarded, ...forwardedToOwnAccount] : forwarded) {
    const value = client.get(name);
    if (value !== undefined && valuePattern.test(value)) headers[name] = value;
  }
  if (hasBody) headers["content-type"] ??= "application/json";
  // What is captured must be readable, and a compressed stream would be buffered on its way.
  headers["accept-encoding"] = "identity";
  for (const [name, value] of Object.entries(provider)) {
    if (!namePattern.test(name) || !valuePattern.test(value)) {
      throw new LoomError("internal_error", {
        message: `The provider's header ${name} has characters that HTTP does not allow.`,
      });
    }
    headers[name] = value;
  }
  return headers;
}

/** Throws LoomError `internal_error` for a path that undici would refuse. */
export function checkUpstreamPath(path: string): void {
  if (!pathPattern.test(path)) {
    throw new LoomError("internal_error", { message: "The provider's path has characters that HTTP does not allow." });
  }
}
