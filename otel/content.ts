// Messages on spans, only where LOOM_OTEL_CAPTURE_CONTENT asks for them: in the form of the GenAI conventions
// (`[{role, parts: [{type, content}]}]`), as JSON that stays whole however much of the text is cut off.
import type { Attributes } from "@opentelemetry/api";
import { createParser } from "eventsource-parser";
import { limits } from "../src/limits.js";
import type { FinishedExchange } from "../src/trace/record.js";
import { decodeAnswer, isPlainJson, plainText, streamText } from "../workers/account/decode-answer.js";
import { names } from "./names.js";

type Fields = Readonly<Record<string, unknown>>;
type Part = { readonly type: string; readonly content: string };
type Message = { readonly role: string; readonly parts: Part[]; readonly finish_reason?: string };

/** Characters that may still be put on the span. */
class Budget {
  #left: number = limits.spanContentCharactersMax;
  isCut = false;

  take(text: string): string {
    if (text.length <= this.#left) {
      this.#left -= text.length;
      return text;
    }
    const cut = text.slice(0, this.#left).toWellFormed();
    this.#left = 0;
    this.isCut = true;
    return cut;
  }

  get isSpent(): boolean {
    return this.#left === 0;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function partsOf(content: unknown, budget: Budget): Part[] {
  if (typeof content === "string") return [{ type: "text", content: budget.take(content) }];
  return listOf(content).flatMap((item) => {
    const { type, text } = fieldsOf(item);
    if (budget.isSpent) return [];
    // Images and sound are named, not carried.
    return [
      {
        type: typeof type === "string" ? type.slice(0, 32) : "unknown",
        content: typeof text === "string" ? budget.take(text) : "",
      },
    ];
  });
}

function messageOf(value: unknown, budget: Budget, finish?: unknown): Message {
  const { role, content, refusal, tool_calls: calls } = fieldsOf(value);
  const parts = partsOf(content ?? refusal, budget);
  for (const call of listOf(calls)) {
    if (budget.isSpent) break;
    parts.push({ type: "tool_call", content: budget.take(JSON.stringify(fieldsOf(call)["function"] ?? null)) });
  }
  const known = { role: typeof role === "string" ? role.slice(0, 32) : "assistant", parts };
  return typeof finish === "string" ? { ...known, finish_reason: finish } : known;
}

function messagesOf(values: readonly unknown[], budget: Budget): Message[] {
  const messages: Message[] = [];
  for (const value of values) {
    if (budget.isSpent) {
      budget.isCut = true;
      break;
    }
    messages.push(messageOf(value, budget));
  }
  return messages;
}

/** The text of choice 0 of a stream, put together from its events. */
function joinStream(text: string): string {
  let joined = "";
  const parser = createParser({
    onEvent: ({ data }) => {
      if (joined.length > limits.spanContentCharactersMax || !data.startsWith("{")) return;
      try {
        const [choice] = listOf(fieldsOf(JSON.parse(data))["choices"]);
        const { content } = fieldsOf(fieldsOf(choice)["delta"]);
        if (typeof content === "string") joined += content;
      } catch {
        // An event that was cut: what came before it counts.
      }
    },
  });
  parser.feed(text);
  return joined;
}

function answerMessages({ end, responseBody }: FinishedExchange, budget: Budget): Message[] {
  const bytes = decodeAnswer(responseBody, end.contentEncoding);
  if (bytes === null || bytes.length === 0) return [];
  if (!isPlainJson(bytes)) return [messageOf({ role: "assistant", content: joinStream(streamText(bytes)) }, budget)];
  try {
    const choices = listOf(fieldsOf(JSON.parse(plainText(bytes)))["choices"]);
    return choices.map((choice) => {
      const { message, finish_reason: finish } = fieldsOf(choice);
      return messageOf(message, budget, finish);
    });
  } catch {
    return [];
  }
}

export function contentAttributes(request: Fields, exchange: FinishedExchange): Attributes {
  const [asked, answered] = [new Budget(), new Budget()];
  const input = messagesOf(listOf(request["messages"]), asked);
  const output = answerMessages(exchange, answered);
  return {
    ...(input.length > 0 && { [names.inputMessages]: JSON.stringify(input) }),
    ...(output.length > 0 && { [names.outputMessages]: JSON.stringify(output) }),
    ...((asked.isCut || answered.isCut) && { [names.loomContentTruncated]: true }),
  };
}
