// Whose fault an error was, as metrics and alerts tell it: finer than ErrorSource by what Loom refuses on purpose.
import type { ErrorSource } from "./code-entry.js";
import { codes, type LoomErrorCode } from "./codes.js";

/** `none`: nobody's. */
export type FaultDomain = "none" | "caller" | "policy" | "provider" | "loom";

/** Refusals that a setting, a limit or a rule of the operator or the tenant asks for. */
const policyCodes: ReadonlySet<string> = new Set<LoomErrorCode>([
  "length_required",
  "body_too_large",
  "provider_not_configured",
]);

const domains: Readonly<Record<ErrorSource, FaultDomain>> = {
  downstream: "caller",
  upstream: "provider",
  internal: "loom",
};

/** `code` null means no error. A text that is no code is Loom's own fault. */
export function faultDomain(code: string | null): FaultDomain {
  if (code === null) return "none";
  if (policyCodes.has(code)) return "policy";
  return isCode(code) ? domains[codes[code].source] : "loom";
}

function isCode(code: string): code is LoomErrorCode {
  return Object.hasOwn(codes, code);
}

/** The code itself when it is one of the table, else `other`: a metric label must not grow. */
export function codeLabel(code: string | null): string {
  if (code === null) return "";
  return isCode(code) ? code : "other";
}
