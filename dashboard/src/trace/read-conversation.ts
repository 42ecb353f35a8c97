// Reads the bodies of a chat completion as a conversation. Everything in them is somebody else's text: what does not
// have the shape that is looked for is left out here and stays readable as raw JSON.
import { createParser } from "eventsource-parser";

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "refusal"; readonly text: string }
  | { readonly kind: "image"; readonly url: string }
  | { readonly kind: "tool-call"; readonly id: string; readonly name: string; readonly args: string }
  | { readonly kind: "other"; readonly name: string; readonly json: string };

export type Message = {
  readonly role: string;
  /** Of a tool's answer: the call that it answers. */
  readonly callId: string | null;
  readonly name: string | null;
  readonly parts: readonly Part[];
  readonly finishReason: string | null;
};

export type ChatRequest = {
  readonly messages: readonly Message[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly tools: readonly string[];
};
/** `endOffset`: how many bytes of the body there were when the event was whole. */
export type StreamEvent = { readonly data: string; readonly bytes: number; readonly endOffset: number };
export type ChatAnswer = {
  readonly messages: readonly Message[];
  readonly error: string | null;
  readonly events: readonly StreamEvent[];
};

type Json = { readonly [key: string]: unknown };
const asJson = (value: unknown): Json => (value !== null && typeof value === "object" ? (value as Json) : {});
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const asText = (value: unknown): string => (typeof value === "string" ? value : "");

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Null when the text is no JSON object. */
export function readChatRequest(text: string): ChatRequest | null {
  const body = parse(text);
  if (body === null || typeof body !== "object") return null;
  const { messages, tools, ...parameters } = body as Json;
  return {
    messages: asList(messages).map(readMessage),
    parameters,
    tools: asList(tools).map(
      (tool) => asText(asJson(asJson(tool)["function"])["name"]) || asText(asJson(tool)["type"]),
    ),
  };
}

export function readMessage(raw: unknown): Message {
  const message = asJson(raw);
  const reasoning = asText(message["reasoning_content"]) || asText(message["reasoning"]);
  const parts: Part[] = [];
  if (reasoning !== "") parts.push({ kind: "reasoning", text: reasoning });
  if (typeof message["content"] === "string") {
    if (message["content"] !== "") parts.push({ kind: "text", text: message["content"] });
  } else {
    parts.push(...asList(message["content"]).map(readPart));
  }
  if (asText(message["refusal"]) !== "") parts.push({ kind: "refusal", text: asText(message["refusal"]) });
  for (const call of asList(message["tool_calls"])) {
    const made = asJson(asJson(call)["function"]);
    parts.push({
      kind: "tool-call",
      id: asText(asJson(call)["id"]),
      name: asText(made["name"]),
      args: asText(made["arguments"]),
    });
  }
  return {
    role: asText(message["role"]) || "assistant",
    callId: asText(message["tool_call_id"]) || null,
    name: asText(message["name"]) || null,
    parts,
    finishReason: null,
  };
}

function readPart(raw: unknown): Part {
  const part = asJson(raw);
  const type = asText(part["type"]);
  if (type === "text" || type === "input_text" || type === "output_text")
    return { kind: "text", text: asText(part["text"]) };
  if (type === "refusal") return { kind: "refusal", text: asText(part["refusal"]) };
  if (type === "image_url" || type === "input_image") {
    const image = part["image_url"];
    return { kind: "image", url: typeof image === "string" ? image : asText(asJson(image)["url"]) };
  }
  return { kind: "other", name: type || "part", json: JSON.stringify(raw, null, 2) };
}

/** A plain answer, an error, or a stream of server-sent events. */
export function readChatAnswer(text: string): ChatAnswer {
  const body = parse(text);
  if (body !== null && typeof body === "object") return { ...readWhole(body as Json), events: [] };
  return readStream(text);
}

function readWhole(body: Json): Omit<ChatAnswer, "events"> {
  const error =
    body["error"] === undefined ? null : asText(asJson(body["error"])["message"]) || JSON.stringify(body["error"]);
  const messages = asList(body["choices"]).map((choice) => ({
    ...readMessage(asJson(choice)["message"]),
    finishReason: asText(asJson(choice)["finish_reason"]) || null,
  }));
  return { messages, error };
}

/** What a choice of a stream has become so far. */
type Growing = {
  role: string;
  content: string;
  reasoning: string;
  refusal: string;
  finish: string | null;
  calls: GrowingCall[];
};
type GrowingCall = { id: string; name: string; args: string };

const lineForm = /[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g;

function readStream(text: string): ChatAnswer {
  const events: StreamEvent[] = [];
  const choices = new Map<number, Growing>();
  let error: string | null = null;
  const encoder = new TextEncoder();
  let fedBytes = 0;
  const parser = createParser({
    onEvent: ({ data }) => {
      events.push({ data, bytes: data.length, endOffset: fedBytes });
      const event = asJson(parse(data));
      if (event["error"] !== undefined)
        error = asText(asJson(event["error"])["message"]) || JSON.stringify(event["error"]);
      for (const choice of asList(event["choices"])) grow(choices, asJson(choice));
    },
  });
  // Line by line, so that the place of each event is known.
  for (const line of text.match(lineForm) ?? []) {
    fedBytes += encoder.encode(line).length;
    parser.feed(line);
  }
  parser.reset({ consume: true });
  const messages = [...choices.values()].map((grown): Message => {
    const calls = grown.calls.filter((call) => call !== undefined);
    const made = readMessage({
      role: grown.role,
      content: grown.content,
      reasoning: grown.reasoning,
      refusal: grown.refusal,
    });
    const callParts = calls.map((call): Part => ({ kind: "tool-call", ...call }));
    return { ...made, parts: [...made.parts, ...callParts], finishReason: grown.finish };
  });
  return { messages, error, events };
}

function grow(choices: Map<number, Growing>, choice: Json): void {
  const index = typeof choice["index"] === "number" ? choice["index"] : 0;
  const fresh: Growing = { role: "assistant", content: "", reasoning: "", refusal: "", finish: null, calls: [] };
  const grown = choices.get(index) ?? fresh;
  choices.set(index, grown);
  const delta = asJson(choice["delta"]);
  grown.content += asText(delta["content"]);
  grown.reasoning += asText(delta["reasoning_content"]) || asText(delta["reasoning"]);
  grown.refusal += asText(delta["refusal"]);
  grown.finish = asText(choice["finish_reason"]) || grown.finish;
  for (const raw of asList(delta["tool_calls"])) {
    const call = asJson(raw);
    const made = asJson(call["function"]);
    const at = typeof call["index"] === "number" ? call["index"] : grown.calls.length;
    const before = grown.calls[at] ?? { id: "", name: "", args: "" };
    grown.calls[at] = {
      id: before.id || asText(call["id"]),
      name: before.name + asText(made["name"]),
      args: before.args + asText(made["arguments"]),
    };
  }
}
