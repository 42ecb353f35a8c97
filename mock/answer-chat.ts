// From an understood chat request to the plan of its answer.

import type { AnswerPlan, AnswerStep } from "./answer-plan.js";
import { behaviourName } from "./behaviours.js";
import type { ChatRequest } from "./chat-request.js";
import { completionJson } from "./completion-body.js";
import { planError } from "./error-answers.js";
import { answerHeaders } from "./response-headers.js";
import { streamSteps } from "./stream-steps.js";

const slowFirstByteMs = 300;

export function planChat(request: ChatRequest): AnswerPlan {
  const { behaviour, options, shape } = request;
  const delayMs = options.delayMs ?? 0;
  if (behaviour.kind === "error") {
    return planError(shape, behaviour.status, {}, { delayMs, retryAfterMs: options.retryAfterMs });
  }
  switch (behaviour.name) {
    case "timeout":
      return { kind: "hang" };
    case "cut-before":
      return { kind: "destroy", delayMs };
    case "slow-first-byte":
      return planAnswer(request, options.delayMs ?? slowFirstByteMs);
    default:
      return planAnswer(request, delayMs);
  }
}

function planAnswer(request: ChatRequest, delayMs: number): AnswerPlan {
  if (!request.stream) return planPlain(request, delayMs);
  return {
    kind: "steps",
    delayMs,
    status: 200,
    headers: answerHeaders(request.shape, "events"),
    framing: request.options.closeDelimited ? "close" : "chunked",
    // Lazy, since a stream may be long, and the same each time it is gone through.
    steps: { [Symbol.iterator]: () => streamSteps(request)[Symbol.iterator]() },
  };
}

function planPlain(request: ChatRequest, delayMs: number): AnswerPlan {
  const name = behaviourName(request.behaviour);
  const { closeDelimited } = request.options;
  if (name === "error-event") return planError(request.shape, 500, {}, { delayMs, retryAfterMs: 0 });
  const text = completionJson(request);
  // Blank lines before the JSON are how some providers keep a waiting connection open.
  const body = Buffer.from(name === "keep-alive" ? `\n\n${text}` : text);
  const head = { delayMs, status: 200, headers: answerHeaders(request.shape, "json") } as const;
  const half = body.subarray(0, Math.ceil(body.length / 2));
  if (name === "cut") {
    const framing = closeDelimited ? "close" : body.length;
    return { kind: "steps", ...head, framing, steps: [{ kind: "write", bytes: half }, { kind: "destroy" }] };
  }
  const sent = name === "end-early" ? half : body;
  if (!closeDelimited) return { kind: "whole", ...head, body: sent };
  const steps: AnswerStep[] = [{ kind: "write", bytes: sent }];
  return { kind: "steps", ...head, framing: "close", steps };
}
