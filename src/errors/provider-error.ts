// Names a provider's own error answer, which passes to the client unchanged, for traces, logs and metrics.
import type { LoomErrorCode } from "./codes.js";

/** Null for a success. */
export function providerErrorCode(status: number): LoomErrorCode | null {
  if (status < 400) return null;
  if (status === 429) return "provider_rate_limited";
  return status < 500 ? "provider_refused" : "provider_failed";
}
