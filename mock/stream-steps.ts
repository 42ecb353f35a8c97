// How the events of a stream reach the wire: framing, line ends, keep-alive comments, pace, odd network pieces, and the
// faults that end a stream before its time.

import type { AnswerStep } from "./answer-plan.js";
import { behaviourName } from "./behaviours.js";
import type { ChatRequest } from "./chat-request.js";
import { type StreamEvent, streamEvents } from "./completion-chunks.js";
import { midStreamError } from "./error-answers.js";
import { cutOddly } from "./odd-pieces.js";

const defaultTokensPerSecond = 20;

export function* streamSteps(request: ChatRequest): Iterable<AnswerStep> {
  const name = behaviourName(request.behaviour);
  const { options } = request;
  if (options.firstEventMs > 0) yield { kind: "pause", ms: options.firstEventMs };
  if (name === "odd-cuts") return yield* oddSteps(request);

  const lineEnd = name === "crlf" ? "\r\n" : "\n";
  const pauseMs = contentPauseMs(request, name);
  let sent = 0;
  for (const event of streamEvents(request)) {
    // A stream with fewer chunks than `after` breaks before its finish_reason.
    if ((event.kind === "content" && sent === options.after) || event.kind === "finish") {
      const fault = faultOf(name, lineEnd);
      if (fault !== null) return yield* fault;
    }
    if (event.kind === "done" && name === "no-done") return;
    if (event.kind === "content" && sent > 0 && pauseMs > 0) yield { kind: "pause", ms: pauseMs };
    if (name === "keep-alive") yield write(`: keep-alive${lineEnd}${lineEnd}`);
    yield write(frameEvent(event.data, lineEnd));
    if (event.kind === "content") sent += 1;
  }
}

/** One server-sent event. */
function frameEvent(data: string, lineEnd: "\n" | "\r\n"): string {
  return `data: ${data}${lineEnd}${lineEnd}`;
}

function* oddSteps(request: ChatRequest): Iterable<AnswerStep> {
  const events: StreamEvent[] = [...streamEvents(request)];
  // The first events end with LF, the others with CRLF: both kinds of cut in one stream.
  const texts = events.map((event, at) => frameEvent(event.data, at < 2 ? "\n" : "\r\n"));
  for (const piece of cutOddly(Buffer.from(texts.join("")), request.options.pieceBytes)) {
    yield { kind: "write", bytes: piece };
    yield { kind: "pause", ms: request.options.chunkDelayMs ?? 0 };
  }
}

function faultOf(name: string, lineEnd: "\n" | "\r\n"): AnswerStep[] | null {
  if (name === "cut") return [{ kind: "destroy" }];
  if (name === "end-early") return [];
  if (name === "error-event") return [write(frameEvent(midStreamError, lineEnd))];
  return null;
}

function contentPauseMs(request: ChatRequest, name: string): number {
  const { chunkDelayMs, tokensPerSecond } = request.options;
  if (chunkDelayMs !== null) return chunkDelayMs;
  if (tokensPerSecond !== null) return 1000 / tokensPerSecond;
  return name === "stream" ? 1000 / defaultTokensPerSecond : 0;
}

function write(text: string): AnswerStep {
  return { kind: "write", bytes: Buffer.from(text) };
}
