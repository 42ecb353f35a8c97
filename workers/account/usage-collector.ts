// What an answer says about itself: usage, the model that really answered, why it finished, whether it failed.
// Reads the captured bytes after the client has its answer; never throws, and takes a cut answer as far as it goes.
import type { UsageFormat } from "../../src/trace/record.js";
import { decodeAnswer, isPlainJson, plainText, streamText } from "./decode-answer.js";
import { collectImages } from "./images-usage.js";
import { splitEvents } from "./split-events.js";
import { collectTyped } from "./typed-usage.js";
import { fieldsOf, readEmbeddingsUsage, readOpenAiUsage, type Usage } from "./usage.js";

export type Answer = {
  readonly usageFormat: UsageFormat;
  readonly contentEncoding: string | null;
  /** The captured bytes as the provider sent them. */
  readonly body: Uint8Array;
};

export type Collected = {
  /** Null when the provider reported none. */
  readonly usage: Usage | null;
  readonly responseModel: string | null;
  readonly finishReason: string | null;
  /** The answer carries a truthy `error`, in an event or at the top of a plain body. */
  readonly failed: boolean;
  /** The id of a response that is made in the background. */
  readonly backgroundId?: string;
};

const nothing: Collected = { usage: null, responseModel: null, finishReason: null, failed: false };

/** Cheap looks at an event before it is parsed. A quote within content is escaped, so that content never matches. */
const usageIn = /"(?:usage|x_groq)"\s*:\s*\{/;
const finishIn = /"finish_reason"\s*:\s*"/;
const modelIn = /"model"\s*:\s*"[^"]/;
const errorIn = /"error"\s*:\s*[^\sn]/;
/** Events parsed at the end when no event looked as if it had usage: a server may escape its keys. */
const tailEvents = 3;

export function collectUsage(answer: Answer): Collected {
  if (answer.usageFormat === "none" || answer.body.length === 0) return nothing;
  const bytes = decodeAnswer(answer.body, answer.contentEncoding);
  if (bytes === null) return nothing;
  switch (answer.usageFormat) {
    case "openai-responses":
    case "openai-response-read":
    case "openai-audio":
      return collectTyped(bytes);
    case "openai-images":
      return collectImages(bytes);
    case "openai-embeddings":
      return collectEmbeddings(bytes);
    case "openai-chat":
      return isPlainJson(bytes) ? collectPlain(plainText(bytes)) : collectStream(streamText(bytes));
  }
}

function collectEmbeddings(bytes: Uint8Array): Collected {
  const body = isPlainJson(bytes) ? parse(plainText(bytes)) : null;
  if (body === null) return nothing;
  const usage = readEmbeddingsUsage(body["usage"]);
  return { usage, responseModel: modelOf(body), finishReason: null, failed: Boolean(body["error"]) };
}

function parse(json: string): Readonly<Record<string, unknown>> | null {
  try {
    return fieldsOf(JSON.parse(json));
  } catch {
    return null;
  }
}

/** `usage` if it has numbers, else Groq's `x_groq.usage`. */
function usageOf(chunk: Readonly<Record<string, unknown>>): Usage | null {
  return readOpenAiUsage(chunk["usage"]) ?? readOpenAiUsage(fieldsOf(chunk["x_groq"])?.["usage"]);
}

function modelOf(chunk: Readonly<Record<string, unknown>>): string | null {
  const model = chunk["model"];
  return typeof model === "string" && model !== "" ? model : null;
}

type Finish = { readonly reason: string; readonly ofFirstChoice: boolean };

/** The finish reason of choice 0, else of the first choice in the list that has one. */
function finishOf(chunk: Readonly<Record<string, unknown>>): Finish | null {
  const choices = chunk["choices"];
  if (!Array.isArray(choices)) return null;
  let found: Finish | null = null;
  for (const item of choices) {
    const choice = fieldsOf(item);
    const reason = choice?.["finish_reason"];
    if (typeof reason !== "string" || reason === "") continue;
    if ((choice?.["index"] ?? 0) === 0) return { reason, ofFirstChoice: true };
    found ??= { reason, ofFirstChoice: false };
  }
  return found;
}

function collectPlain(text: string): Collected {
  const body = parse(text);
  if (body === null) return nothing;
  return {
    usage: usageOf(body),
    responseModel: modelOf(body),
    finishReason: finishOf(body)?.reason ?? null,
    failed: Boolean(body["error"]),
  };
}

/**
 * The collector rule of all OpenAI-shaped servers: for every chunk, `usage` with numbers replaces, else `x_groq.usage`
 * replaces; never a sum. Walks backwards, so that the last word is found first and few events are parsed.
 */
function collectStream(text: string): Collected {
  const { events, failed: namedError } = splitEvents(text);
  const mayHaveError = errorIn.test(text);
  const mayHaveUsage = usageIn.test(text);
  let usage: Usage | null = null;
  let finish: Finish | null = null;
  let failed = namedError;
  for (let at = events.length - 1; at >= 0; at -= 1) {
    const event = events[at] as string;
    const wanted =
      (usage === null && (mayHaveUsage ? usageIn.test(event) : at >= events.length - tailEvents)) ||
      (finish?.ofFirstChoice !== true && finishIn.test(event)) ||
      (mayHaveError && !failed && errorIn.test(event));
    if (wanted) {
      const chunk = parse(event);
      if (chunk !== null) {
        usage ??= usageOf(chunk);
        const found = finishOf(chunk);
        if (found !== null && (finish === null || !finish.ofFirstChoice)) finish = found;
        failed ||= Boolean(chunk["error"]);
      }
    }
    if (usage !== null && finish?.ofFirstChoice === true && (failed || !mayHaveError)) break;
  }
  return { usage, responseModel: firstModel(events), finishReason: finish?.reason ?? null, failed };
}

/** The first model that is named: the first chunks of Azure carry an empty one. */
function firstModel(events: readonly string[]): string | null {
  for (const event of events) {
    if (!modelIn.test(event)) continue;
    const chunk = parse(event);
    const model = chunk === null ? null : modelOf(chunk);
    if (model !== null) return model;
  }
  return null;
}
