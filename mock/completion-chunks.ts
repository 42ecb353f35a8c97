// The events of a streamed chat completion in order, before framing and faults: content chunks, the chunk with the
// finish_reason, the usage chunk when it is asked for, [DONE]. The role comes with the first content chunk, as some
// compatible servers send it, so that four pieces of text are exactly four chunks.
import { behaviourName } from "./behaviours.js";
import type { ChatRequest } from "./chat-request.js";
import { type ChosenMessage, chooseMessage, chooseUsage, splitText, type ToolCall, usageOf } from "./chosen-message.js";
import {
  azureFilterResults,
  azurePromptFilterResults,
  completionId,
  createdSeconds,
  finishReason,
  systemFingerprint,
} from "./completion-body.js";

/** `data` is the text after `data: `. */
export type StreamEvent = {
  readonly kind: "opening" | "content" | "finish" | "usage" | "done";
  readonly data: string;
};

const argumentPieces = 3;

export function* streamEvents(request: ChatRequest): Iterable<StreamEvent> {
  const chosen = chooseMessage(request);
  const name = behaviourName(request.behaviour);
  const usage = chooseUsage(request);
  const usageChunk = request.includeUsage && !usageElsewhere.has(name);
  const nullUsage = usageChunk && name !== "usage-every-chunk" ? ',"usage":null' : "";
  const wrap = chunkWrapper(request);
  const groqId = name === "groq-usage" ? ',"x_groq":{"id":"req_mock"}' : "";

  if (request.shape === "azure") yield { kind: "opening", data: azureOpening(nullUsage) };
  let count = 0;
  for (const delta of deltasOf(chosen)) {
    count += 1;
    const running = name === "usage-every-chunk" ? `,"usage":${JSON.stringify(usageOf(count))}` : nullUsage;
    yield { kind: "content", data: wrap(delta, "null", running + (count === 1 ? groqId : "")) };
  }
  yield { kind: "finish", data: wrap("{}", JSON.stringify(finishReason(chosen)), finishTail(name, usage, nullUsage)) };
  if (usageChunk) yield { kind: "usage", data: usageChunkJson(request, usage) };
  yield { kind: "done", data: "[DONE]" };
}

/** Behaviours whose usage is not in a chunk of its own, asked for or not. */
const usageElsewhere: ReadonlySet<string> = new Set(["no-usage", "usage-in-last-chunk", "groq-usage"]);

function finishTail(name: string, usage: unknown, nullUsage: string): string {
  if (name === "groq-usage") return `,"x_groq":${JSON.stringify({ id: "req_mock", usage })}`;
  const carriesUsage = name === "usage-in-last-chunk" || name === "usage-every-chunk";
  return carriesUsage ? `,"usage":${JSON.stringify(usage)}` : nullUsage;
}

/** Each delta as JSON text. */
function* deltasOf(chosen: ChosenMessage): Iterable<string> {
  if (chosen.kind === "tools") {
    for (const [index, call] of chosen.calls.entries()) yield* toolDeltas(call, index);
    return;
  }
  const field = chosen.kind === "refusal" ? "refusal" : "content";
  const opening = chosen.kind === "refusal" ? '"role":"assistant","content":null,' : '"role":"assistant",';
  const closing = chosen.kind === "refusal" ? "}" : ',"refusal":null}';
  let first = true;
  for (const piece of chosen.pieces) {
    const text = `"${field}":${JSON.stringify(piece)}`;
    yield first ? `{${opening}${text}${closing}` : `{${text}}`;
    first = false;
  }
}

/** The first delta of a call has its id and name, later ones only pieces of the arguments. */
function* toolDeltas(call: ToolCall, index: number): Iterable<string> {
  const begun = { index, id: call.id, type: "function", function: { name: call.name, arguments: "" } };
  const opening = index === 0 ? { role: "assistant", content: null } : {};
  yield JSON.stringify({ ...opening, tool_calls: [begun], ...(index === 0 ? { refusal: null } : {}) });
  for (const piece of splitText(call.arguments, argumentPieces)) {
    yield JSON.stringify({ tool_calls: [{ index, function: { arguments: piece } }] });
  }
}

/** Builds chunks around a delta by joining text: the parts that do not change are made once a stream. */
function chunkWrapper(request: ChatRequest): (delta: string, finish: string, tail: string) => string {
  const filter = request.shape === "azure" ? `"content_filter_results":${JSON.stringify(azureFilterResults)},` : "";
  const head = `${chunkHead(request)}"choices":[{${filter}"index":0,"delta":`;
  return (delta, finish, tail) => `${head}${delta},"logprobs":null,"finish_reason":${finish}}]${tail}}`;
}

function usageChunkJson(request: ChatRequest, usage: unknown): string {
  return `${chunkHead(request)}"choices":[],"usage":${JSON.stringify(usage)}}`;
}

function chunkHead(request: ChatRequest): string {
  const head = {
    id: completionId,
    object: "chat.completion.chunk",
    created: createdSeconds,
    model: request.answerModel,
    service_tier: "default",
    system_fingerprint: systemFingerprint,
  };
  return `${JSON.stringify(head).slice(0, -1)},`;
}

/** Azure's first chunk: no choices, empty names, the verdict on the prompt. */
function azureOpening(nullUsage: string): string {
  const verdict = JSON.stringify(azurePromptFilterResults);
  return `{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":${verdict}${nullUsage}}`;
}
