// The head of a provider's answer, as the client gets it and as the record keeps it.
import type { ExchangeEnd } from "./exchange-record.js";
import type { ReplyFacts } from "./fail-reply.js";
import type { UpstreamHeaders } from "./forward/attempt.js";
import type { Exchange, HeaderList } from "./listen/exchange.js";
import { headerText, responseHeaders } from "./tee/response-headers.js";
import type { Tee } from "./tee/tee.js";
import { keepAnswerHeaders } from "./trace/kept-headers.js";

export type AnswerHead = {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  /** Whether it is an event stream that can be read. */
  readonly events: boolean;
};

/** The headers that the client gets. */
export function headersOf(head: AnswerHead | null, exchange: Exchange, facts: ReplyFacts): HeaderList {
  const requestId = exchange.headers.get("x-request-id") ?? null;
  const { traceId, provider, overheadMs } = facts;
  const loom = { traceId, provider, overheadMs, requestId, streamed: head?.events === true };
  return responseHeaders(head?.headers ?? {}, loom);
}

/** What the record holds of an answer; the tee is over then. */
export function capturedAnswer(tee: Tee, head: AnswerHead | null): NonNullable<ExchangeEnd["response"]> {
  const rest = tee.stop();
  const headers = head?.headers ?? {};
  return {
    bytes: tee.capture.seenBytes,
    isTruncated: tee.capture.isTruncated,
    rest,
    streamTimes: tee.streamTimes,
    headers: head === null ? null : keepAnswerHeaders(head.headers),
    contentType: headerText(headers, "content-type"),
    contentEncoding: headerText(headers, "content-encoding"),
  };
}
