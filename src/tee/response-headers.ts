// The provider's response headers as the client gets them: all but those that belong to the provider's own
// connection, host or cookies, and Loom's own added.
import { limits } from "../limits.js";

type HeaderLines = (readonly [name: string, value: string])[];
type UpstreamHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const notPassed: ReadonlySet<string> = new Set([
  // Hop by hop (RFC 9110, 7.6.1), and what the front end writes itself.
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "date",
  // They speak for the provider's host, not for Loom's; its cookies would be shared by all tenants.
  "set-cookie",
  "alt-svc",
  "strict-transport-security",
]);

export type LoomHeaders = {
  readonly traceId: string;
  /** The client's own request id, or null. */
  readonly requestId: string | null;
  readonly provider: string;
  readonly overheadMs: number;
  readonly streamed: boolean;
};

/** One header's text, repeated lines joined, or null. */
export function headerText(headers: UpstreamHeaders, name: string): string | null {
  const value = headers[name];
  return value === undefined ? null : String(value);
}

/** Names that a Connection header makes hop-by-hop. */
function connectionNames(headers: UpstreamHeaders): ReadonlySet<string> {
  const line = headers["connection"];
  if (line === undefined || line === "keep-alive" || line === "close") return new Set();
  return new Set(
    String(line)
      .split(",")
      .map((name) => name.trim().toLowerCase()),
  );
}

/** `x-request-id`: the client's when it sent one, else the provider's, else the trace id. */
export function responseHeaders(upstream: UpstreamHeaders, loom: LoomHeaders): HeaderLines {
  const lines: HeaderLines = [];
  const dropped = connectionNames(upstream);
  for (const name of Object.keys(upstream)) {
    const value = upstream[name];
    if (value === undefined || notPassed.has(name) || dropped.has(name) || name.startsWith("x-loom-")) continue;
    if (name === "x-request-id" && loom.requestId !== null) {
      lines.push(["x-loom-provider-request-id", String(value)]);
      continue;
    }
    if (typeof value === "string") lines.push([name, value]);
    else for (const one of value) lines.push([name, one]);
  }
  if (loom.requestId !== null) lines.push(["x-request-id", loom.requestId.slice(0, limits.columnTextMax)]);
  else if (upstream["x-request-id"] === undefined) lines.push(["x-request-id", loom.traceId]);
  // Without it, nginx in front of Loom would buffer the stream.
  if (loom.streamed && upstream["x-accel-buffering"] === undefined) lines.push(["x-accel-buffering", "no"]);
  lines.push(...loomHeaders(loom));
  return lines;
}

/** Loom's own headers, also for answers that Loom makes itself. */
export function loomHeaders(loom: Pick<LoomHeaders, "traceId" | "provider" | "overheadMs">): HeaderLines {
  const lines: HeaderLines = [
    ["x-loom-trace-id", loom.traceId],
    ["x-loom-overhead-ms", loom.overheadMs.toFixed(3)],
  ];
  if (loom.provider !== "") lines.push(["x-loom-provider", loom.provider]);
  return lines;
}
