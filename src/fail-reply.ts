// How a client learns that there will be no whole answer, in whatever way is still open: an error reply before the
// first byte, an error event in a stream, and in every other case a broken connection. Never a clean end.
import { errorBody, errorEvent } from "./errors/error-reply.js";
import type { LoomError } from "./errors/loom-error.js";
import type { Exchange, HeaderList } from "./listen/exchange.js";
import { loomHeaders } from "./tee/response-headers.js";

/** What Loom's own response headers say. */
export type ReplyFacts = { readonly traceId: string; readonly provider: string; readonly overheadMs: number };

/** An internal error's reason for the log. It never goes to a client. */
export function describeCause(error: LoomError): string {
  const { cause } = error;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return typeof cause === "string" ? cause : error.message;
}

function errorHeaders(exchange: Exchange, error: LoomError, facts: ReplyFacts): HeaderList {
  const headers: [string, string][] = [
    ["content-type", "application/json"],
    ["x-request-id", exchange.headers.get("x-request-id") ?? facts.traceId],
  ];
  for (const [name, value] of loomHeaders(facts)) headers.push([name, value]);
  if (error.status === 401) headers.push(["www-authenticate", "Bearer"]);
  if (error.status === 503) headers.push(["retry-after", "1"]);
  return headers;
}

/**
 * `events`: false when the answer is no event stream; else whether what the client has ends between two events.
 * `more`: further headers of an error reply.
 */
export function failReply(
  exchange: Exchange,
  error: LoomError,
  facts: ReplyFacts,
  events: false | { readonly atBoundary: boolean },
  more: HeaderList = [],
): void {
  const { reply } = exchange;
  if (reply.state === "open") {
    reply.send(error.status, [...errorHeaders(exchange, error, facts), ...more], errorBody(error));
    return;
  }
  if (events !== false) reply.write(Buffer.from(events.atBoundary ? errorEvent(error) : `\n\n${errorEvent(error)}`));
  reply.cut();
}
