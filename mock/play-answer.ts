// Carries out a plan on one HTTP response: waits, writes, breaks connections, and stops when the client leaves.
import type { ServerResponse } from "node:http";
import type { AnswerPlan } from "./answer-plan.js";
import { noteSent, type ReceivedRequest } from "./received-requests.js";

type StepsPlan = Extract<AnswerPlan, { kind: "steps" }>;

/** `requestId` becomes the answer's `x-request-id`. */
export function playAnswer(
  plan: AnswerPlan,
  response: ServerResponse,
  received: ReceivedRequest,
  requestId: string,
): void {
  if (plan.kind === "whole" && plan.delayMs === 0) {
    writeWhole(plan, response, received, requestId);
    return;
  }
  playSlowly(plan, response, received, requestId).catch(() => {
    // A write to a socket that broke in the same turn: the close event has already said so.
    response.destroy();
  });
}

function writeWhole(
  plan: Extract<AnswerPlan, { kind: "whole" }>,
  response: ServerResponse,
  received: ReceivedRequest,
  requestId: string,
): void {
  received.status = plan.status;
  noteSent(received, plan.body);
  const length = String(plan.body.length);
  response.writeHead(plan.status, ["x-request-id", requestId, "content-length", length, ...plan.headers]);
  response.end(plan.body);
}

async function playSlowly(
  plan: AnswerPlan,
  response: ServerResponse,
  received: ReceivedRequest,
  requestId: string,
): Promise<void> {
  if (plan.kind === "hang") return;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  if (plan.delayMs > 0) await wait(plan.delayMs, gone.signal);
  if (gone.signal.aborted) return;
  if (plan.kind === "destroy") breakConnection(response, received);
  else if (plan.kind === "whole") writeWhole(plan, response, received, requestId);
  else await playSteps(plan, response, received, requestId, gone.signal);
}

async function playSteps(
  plan: StepsPlan,
  response: ServerResponse,
  received: ReceivedRequest,
  requestId: string,
  gone: AbortSignal,
): Promise<void> {
  received.status = plan.status;
  writeStepsHead(plan, response, requestId);
  let isHeadFlushed = false;
  // Pauses count from the stream's begin, so that late timers do not add up.
  let dueMs = performance.now();
  for (const step of plan.steps) {
    if (step.kind === "write") {
      isHeadFlushed = true;
      noteSent(received, step.bytes);
      if (!response.write(step.bytes)) await untilDrained(response, gone);
    } else if (step.kind === "pause") {
      if (!isHeadFlushed) response.flushHeaders();
      isHeadFlushed = true;
      dueMs += step.ms;
      await wait(dueMs - performance.now(), gone);
    } else {
      await emptySocket(response, gone);
      if (!gone.aborted) breakConnection(response, received);
      return;
    }
    if (gone.aborted) return;
  }
  response.end();
}

function writeStepsHead(plan: StepsPlan, response: ServerResponse, requestId: string): void {
  const length = typeof plan.framing === "number" ? ["content-length", String(plan.framing)] : [];
  if (plan.framing === "close") {
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
  }
  response.writeHead(plan.status, ["x-request-id", requestId, ...length, ...plan.headers]);
}

/** Waits until the kernel has taken everything, so that a broken connection does not swallow it. */
async function emptySocket(response: ServerResponse, gone: AbortSignal): Promise<void> {
  await wait(0, gone);
  while (!gone.aborted && response.writableLength + (response.socket?.writableLength ?? 0) > 0) await wait(1, gone);
}

function breakConnection(response: ServerResponse, received: ReceivedRequest): void {
  received.outcome = "cut";
  response.destroy();
}

/** Resolves after `ms`, or as soon as the client is gone. 0 and less: after the current turn of the event loop. */
function wait(ms: number, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  if (ms <= 0) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      gone.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    gone.addEventListener("abort", finish);
  });
}

/** Resolves when the socket takes more, or as soon as the client is gone. */
function untilDrained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      response.off("drain", finish);
      gone.removeEventListener("abort", finish);
      resolve();
    };
    response.on("drain", finish);
    gone.addEventListener("abort", finish);
  });
}
