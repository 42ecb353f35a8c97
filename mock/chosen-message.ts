// What the mock provider says, apart from how it is put on the wire: a text, a refusal or tool calls, and its usage.
import { behaviourName } from "./behaviours.js";
import { type ChatRequest, isObject, lastUserText } from "./chat-request.js";
import { makeExample } from "./schema-example.js";

export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string };

export type ChosenMessage =
  /** The pieces are the content chunks of a stream; joined they are the plain content. */
  | { readonly kind: "text"; readonly pieces: Iterable<string> }
  | { readonly kind: "refusal"; readonly pieces: Iterable<string> }
  | { readonly kind: "tools"; readonly calls: readonly ToolCall[] };

const cannedText = "Hello from the mock.";
/** Two-, three- and four-byte characters, so that odd cuts fall inside some. */
const oddText = "Grüße an 🌍 und 你好, naïve ☕️!";
const refusalText = "I'm sorry, but I can't help with that.";
const streamWords = ["One", " token", " after", " another", ",", " at", " its", " pace."];
const cannedPieces = 4;
const bigPieceBytes = 4096;
const bigFill = "0123456789abcdef".repeat(bigPieceBytes / 16);
const defaultBigBytes = 1024 * 1024;
const defaultLongEventBytes = 512 * 1024;

export function chooseMessage(request: ChatRequest): ChosenMessage {
  const { options, behaviour } = request;
  const name = behaviourName(behaviour);
  switch (name) {
    case "echo":
      return textOf(options.text ?? lastUserText(request.messages));
    case "headers":
      return textOf(JSON.stringify(request.headers));
    case "refusal":
      return { kind: "refusal", pieces: splitText(options.text ?? refusalText, cannedPieces) };
    case "tools":
      return wantsTools(request) ? { kind: "tools", calls: chooseCalls(request.tools) } : textOf(cannedText);
    case "big":
      return { kind: "text", pieces: fillPieces(options.bytes ?? defaultBigBytes) };
    case "long-event":
      return { kind: "text", pieces: [[...fillPieces(options.bytes ?? defaultLongEventBytes)].join("")] };
    case "stream":
      if (options.tokens !== null) return { kind: "text", pieces: wordPieces(options.tokens) };
      break;
    default:
      break;
  }
  return textOf(options.text ?? jsonText(request, name === "json") ?? (name === "odd-cuts" ? oddText : cannedText));
}

/** The usage object, or whatever JSON the option put in its place. 10, 5 and 15 tokens unless the length is asked for. */
export function chooseUsage(request: ChatRequest): unknown {
  const { options, behaviour } = request;
  if (options.usage !== undefined) return options.usage;
  const name = behaviourName(behaviour);
  if (name === "stream" && options.tokens !== null) return usageOf(options.tokens);
  if (name === "big") return usageOf(Math.ceil((options.bytes ?? defaultBigBytes) / 4));
  return usageOf(5);
}

export function usageOf(completionTokens: number): Readonly<Record<string, unknown>> {
  return {
    prompt_tokens: 10,
    completion_tokens: completionTokens,
    total_tokens: 10 + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** `text` in at most `count` pieces of about the same length, never inside a surrogate pair; one piece for "". */
export function splitText(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  const pieces: string[] = [];
  let start = 0;
  while (start < text.length) {
    const wanted = start + size;
    const end = (text.codePointAt(wanted - 1) ?? 0) > 0xffff ? wanted + 1 : wanted;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces.length === 0 ? [""] : pieces;
}

function textOf(text: string): ChosenMessage {
  return { kind: "text", pieces: splitText(text, cannedPieces) };
}

function* fillPieces(bytes: number): Iterable<string> {
  for (let left = bytes; left > 0; left -= bigPieceBytes)
    yield left >= bigPieceBytes ? bigFill : bigFill.slice(0, left);
}

function* wordPieces(count: number): Iterable<string> {
  for (let at = 0; at < count; at += 1) yield streamWords[at % streamWords.length] ?? "";
}

/** A JSON text when the request asks for one (or `always`), else null. */
function jsonText(request: ChatRequest, always: boolean): string | null {
  const format = request.responseFormat;
  const type = isObject(format) ? format["type"] : null;
  if (isObject(format) && type === "json_schema") {
    const wrapped = format["json_schema"];
    return JSON.stringify(makeExample(isObject(wrapped) ? wrapped["schema"] : null));
  }
  return type === "json_object" || always ? '{"ok":true}' : null;
}

/** After a tool's result the model speaks, so that an agent's loop ends. */
function wantsTools(request: ChatRequest): boolean {
  const last = request.messages.at(-1);
  return request.toolChoice !== "none" && !(isObject(last) && last["role"] === "tool");
}

/** One call for each of the first two tools of the request; without tools, one call of `get_weather`. */
function chooseCalls(tools: readonly unknown[]): ToolCall[] {
  const functions = tools.map((tool) => (isObject(tool) ? tool["function"] : null)).filter(isObject);
  if (functions.length === 0) return [{ id: "call_mock0", name: "get_weather", arguments: '{"city":"Paris"}' }];
  return functions.slice(0, 2).map((tool, index) => ({
    id: `call_mock${index}`,
    name: String(tool["name"]),
    arguments: JSON.stringify(makeExample(tool["parameters"]) ?? {}),
  }));
}
