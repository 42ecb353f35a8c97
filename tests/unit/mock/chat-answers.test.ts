// The bytes that the mock provider plans for a request, before any socket is involved.
import { describe, expect, it } from "vitest";
import { planChat } from "../../../mock/answer-chat.js";
import type { AnswerPlan, AnswerStep } from "../../../mock/answer-plan.js";
import { type ChatEndpoint, type ChatRequest, readChatRequest } from "../../../mock/chat-request.js";
import { splitText } from "../../../mock/chosen-message.js";

const openai: ChatEndpoint = { shape: "openai", deployment: null, apiVersion: null, azureModel: "gpt-4o-2024-08-06" };
const messages = [{ role: "user", content: "Hi 🌍" }];

function understand(fields: object, endpoint: ChatEndpoint = openai): ChatRequest {
  const read = readChatRequest(Buffer.from(JSON.stringify({ messages, ...fields })), endpoint, {});
  if ("refusal" in read) throw new Error(read.refusal.message);
  return read.request;
}

function stepsOf(plan: AnswerPlan): AnswerStep[] {
  return plan.kind === "steps" ? [...plan.steps] : [];
}

function textOf(plan: AnswerPlan): string {
  if (plan.kind === "whole") return plan.body.toString();
  return Buffer.concat(stepsOf(plan).map((step) => (step.kind === "write" ? step.bytes : Buffer.alloc(0)))).toString();
}

type Delta = { content?: string };
type Chunk = {
  model: string;
  choices: Array<{ delta: Delta; finish_reason: string | null }>;
  usage?: { total_tokens: number } | null;
  x_groq?: unknown;
};

function chunksOf(text: string): Chunk[] {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith("data: {"));
  return lines.map((line) => JSON.parse(line.slice("data: ".length)) as Chunk);
}

function streamText(model: string, fields: object = {}): string {
  return textOf(planChat(understand({ model, stream: true, ...fields })));
}

const askUsage = { stream_options: { include_usage: true } };
const usageTotals = (text: string) => chunksOf(text).map((chunk) => chunk.usage?.total_tokens);

describe("the canned answer", () => {
  it("has 10, 5 and 15 tokens and the model that was asked for", () => {
    const answer = JSON.parse(textOf(planChat(understand({ model: "gpt-4o" }))));
    expect(answer).toMatchObject({
      object: "chat.completion",
      model: "gpt-4o",
      choices: [{ message: { role: "assistant", refusal: null, annotations: [] }, finish_reason: "stop" }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    });
  });

  it("streams four content chunks, then finish_reason stop, then [DONE], and no usage unless asked", () => {
    const text = streamText("gpt-4o");
    const deltas = chunksOf(text).map((chunk) => chunk.choices[0]);
    expect(deltas.filter((choice) => choice?.delta.content)).toHaveLength(4);
    expect(deltas.at(-1)).toMatchObject({ delta: {}, finish_reason: "stop" });
    expect(text.endsWith("\n\ndata: [DONE]\n\n")).toBe(true);
    expect(text).not.toContain("usage");
  });

  it("streams usage:null and one usage chunk without choices when asked", () => {
    const chunks = chunksOf(streamText("gpt-4o", askUsage));
    expect(chunks).toHaveLength(6);
    expect(chunks.slice(0, 5).every((chunk) => chunk.usage === null)).toBe(true);
    expect(chunks[5]).toMatchObject({ choices: [], usage: { total_tokens: 15 } });
  });

  it("is the same bytes for the same request", () => {
    expect(streamText("gpt-4o", askUsage)).toBe(streamText("gpt-4o", askUsage));
  });
});

describe("where the usage is", () => {
  it.each([
    ["no-usage", [undefined, undefined, undefined, undefined, undefined]],
    ["usage-in-last-chunk", [undefined, undefined, undefined, undefined, 15]],
    ["usage-every-chunk", [11, 12, 13, 14, 15, 15]],
    ["groq-usage", [undefined, undefined, undefined, undefined, undefined]],
  ])("%s puts it there and nowhere else", (model, expected) => {
    expect(usageTotals(streamText(model, askUsage))).toEqual(expected);
  });

  it("groq-usage hides it in x_groq of the last chunk", () => {
    const last = chunksOf(streamText("groq-usage")).at(-1);
    expect(last?.x_groq).toMatchObject({ usage: { total_tokens: 15 } });
  });

  it("any JSON can take the usage's place", () => {
    const answer = JSON.parse(textOf(planChat(understand({ model: "x", mock: { usage: { prompt_tokens: null } } }))));
    expect(answer.usage).toEqual({ prompt_tokens: null });
  });
});

describe("the shape of a stream", () => {
  it("crlf ends every line with CRLF", () => {
    expect(streamText("crlf").replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  it("keep-alive puts comments between events only", () => {
    const events = streamText("keep-alive").split("\n\n").slice(0, -1);
    expect(events.filter((_, at) => at % 2 === 0).every((event) => event === ": keep-alive")).toBe(true);
    expect(events.filter((_, at) => at % 2 === 1).every((event) => event.startsWith("data: "))).toBe(true);
  });

  it("odd-cuts brings the same events in pieces that end anywhere", () => {
    const steps = stepsOf(planChat(understand({ model: "odd-cuts", stream: true })));
    const pieces = steps.filter((step) => step.kind === "write");
    const joined = Buffer.concat(pieces.map((piece) => piece.bytes)).toString();
    expect(pieces.length).toBeGreaterThan(100);
    expect(pieces.some((piece) => piece.bytes.toString().includes("\ufffd"))).toBe(true);
    expect(chunksOf(joined)).toHaveLength(5);
    expect(joined).toContain("🌍");
  });

  it("stream paces as many chunks as asked for and counts them", () => {
    const asked = { stream: true, ...askUsage, mock: { tokens: 7, tokens_per_second: 100 } };
    const plan = planChat(understand({ model: "mock/stream", ...asked }));
    expect(stepsOf(plan).filter((step) => step.kind === "pause" && step.ms === 10)).toHaveLength(6);
    expect(usageTotals(textOf(plan)).at(-1)).toBe(17);
  });

  it("long-event and big have exactly the bytes asked for, in one event and in many", () => {
    for (const [model, count] of [
      ["long-event", 1],
      ["big", 3],
    ] as const) {
      const chunks = chunksOf(streamText(model, { mock: { bytes: 10_000 } }));
      const contents = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "");
      expect(contents.join("")).toHaveLength(10_000);
      expect(contents.filter((content) => content !== "")).toHaveLength(count);
    }
  });
});

describe("streams that go wrong", () => {
  it("cut destroys after two content chunks, or after as many as asked for", () => {
    for (const [mock, count] of [
      [{}, 2],
      [{ after: 0 }, 0],
      [{ after: 99 }, 4],
    ] as const) {
      const plan = planChat(understand({ model: "cut", stream: true, mock }));
      expect(stepsOf(plan).at(-1)).toEqual({ kind: "destroy" });
      expect(chunksOf(textOf(plan))).toHaveLength(count);
    }
  });

  it("end-early ends without finish_reason and [DONE], no-done without [DONE] only", () => {
    expect(streamText("end-early")).not.toMatch(/"finish_reason":"|DONE/);
    expect(streamText("no-done")).toMatch(/"finish_reason":"stop".*\n\n$/);
  });

  it("error-event reports an error after two chunks and says nothing more", () => {
    const last = streamText("error-event").trimEnd().split("\n\n");
    expect(last).toHaveLength(3);
    expect(JSON.parse(last[2]?.slice(6) ?? "")).toMatchObject({ error: { type: "server_error" } });
  });

  it("a plain cut promises the whole length and sends half", () => {
    const plan = planChat(understand({ model: "cut" }));
    const whole = textOf(planChat(understand({ model: "gpt", mock: { model: "cut" } })));
    expect(plan).toMatchObject({ kind: "steps", framing: whole.length });
    expect(textOf(plan)).toBe(whole.slice(0, Math.ceil(whole.length / 2)));
  });
});

describe("Azure's shape", () => {
  const classic: ChatEndpoint = { ...openai, shape: "azure", deployment: "mine", apiVersion: "2024-10-21" };

  it("opens a stream with the verdict on the prompt, without choices and names", () => {
    const chunks = chunksOf(textOf(planChat(understand({ stream: true }, classic))));
    expect(chunks[0]).toMatchObject({ choices: [], id: "", model: "", prompt_filter_results: [{ prompt_index: 0 }] });
    expect(chunks[1]).toMatchObject({ model: "gpt-4o-2024-08-06", choices: [{ content_filter_results: {} }] });
    expect(chunks).toHaveLength(6);
  });

  it("refuses stream_options before 2024-09-01-preview only", () => {
    const old = { ...classic, apiVersion: "2024-06-01" };
    expect(() => understand({ stream: true, ...askUsage }, old)).toThrow("stream_options");
    expect(() =>
      understand({ stream: true, ...askUsage }, { ...classic, apiVersion: "2024-09-01-preview" }),
    ).not.toThrow();
  });
});

describe("requests", () => {
  it.each([
    [{ model: 4 }, "model"],
    [{ model: "x", messages: null }, "messages"],
    [{ model: "x", stream: "yes" }, "stream"],
    [{ model: "x", ...askUsage }, "stream_options"],
    [{ model: "x", mock: { tokns: 3 } }, "tokns"],
    [{ model: "x", mock: { tokens: "3" } }, "tokens"],
  ])("%j is refused with a reason", (fields, reason) => {
    expect(() => understand(fields)).toThrow(reason);
  });

  it("text is never split inside a surrogate pair", () => {
    for (const count of [1, 2, 3, 4, 7]) {
      const pieces = splitText("🌍a🌍b🌍", count);
      expect(pieces.join("")).toBe("🌍a🌍b🌍");
      expect(pieces.length).toBeLessThanOrEqual(count);
      expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
    }
  });
});
