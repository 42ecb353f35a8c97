import { describe, expect, it } from "vitest";
import { collectTyped } from "../../../../workers/account/typed-usage.js";

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40, cache_write_tokens: 5 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 130,
};
const response = (status: string, more: object = {}) => ({
  id: "r",
  model: "gpt-5-mini",
  status,
  error: null,
  ...more,
});
const sse = (...events: { readonly type: string; readonly [field: string]: unknown }[]) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
const collect = (body: string | object) =>
  collectTyped(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));

describe("the usage of a response", () => {
  it("is read with its parts, the model and the status", () => {
    expect(collect(response("completed", { usage }))).toEqual({
      usage: {
        promptTokens: 100,
        completionTokens: 30,
        totalTokens: 130,
        cachedTokens: 40,
        cacheWriteTokens: 5,
        reasoningTokens: 20,
        inputAudioTokens: null,
        outputAudioTokens: null,
        inputImageTokens: null,
        audioSeconds: null,
      },
      responseModel: "gpt-5-mini",
      finishReason: "completed",
      failed: false,
    });
  });

  it("is unknown of one that works in the background, and why one is not complete is its finish", () => {
    expect(collect(response("queued", { usage: null }))).toMatchObject({ usage: null, finishReason: "queued" });
    const cut = response("incomplete", { incomplete_details: { reason: "max_output_tokens" }, usage });
    expect(collect(cut).finishReason).toBe("max_output_tokens");
    expect(collect(response("failed", { error: { code: "server_error" } })).failed).toBe(true);
  });

  it.each([
    ["response.completed", "completed", false],
    ["response.incomplete", "incomplete", false],
    ["response.failed", "failed", true],
  ])("of a stream is in its last event, %s", (type, status, failed) => {
    const stream = sse(
      { type: "response.created", response: response("in_progress", { usage: null }) },
      { type: "response.output_text.delta", delta: '"usage":{"input_tokens":1}' },
      { type, response: response(status, { usage }) },
    );
    expect(collect(stream)).toMatchObject({ usage: { totalTokens: 130 }, finishReason: status, failed });
  });

  it("of a stream that broke off or failed is none, but the model is known", () => {
    const begun = sse({ type: "response.created", response: response("in_progress", { usage: null }) });
    expect(collect(begun)).toMatchObject({ usage: null, responseModel: "gpt-5-mini", failed: false });
    expect(collect(begun + sse({ type: "error", code: "x", message: "y" })).failed).toBe(true);
  });
});

describe("the usage of sound", () => {
  it("is in tokens, with those of the sound apart", () => {
    const body = {
      text: "hi",
      usage: { type: "tokens", input_tokens: 14, input_token_details: { audio_tokens: 10 }, output_tokens: 4 },
    };
    expect(collect(body).usage).toMatchObject({ promptTokens: 14, inputAudioTokens: 10, totalTokens: 18 });
    const done = { type: "transcript.text.done", text: "hi", usage: body.usage };
    expect(collect(sse({ type: "transcript.text.delta", delta: "h" }, done)).usage?.totalTokens).toBe(18);
  });

  it("is in seconds where that is billed", () => {
    expect(collect({ text: "hi", usage: { type: "duration", seconds: 9.5 } }).usage).toMatchObject({
      promptTokens: null,
      totalTokens: null,
      audioSeconds: 9.5,
    });
  });

  it.each(["plain words", "1\n00:00:00,000 --> 00:00:01,000\nhi\n", "WEBVTT\n\n", "\u0000\u00ffID3", ""])(
    "is none in %j",
    (body) => {
      expect(collect(body)).toEqual({ usage: null, responseModel: null, finishReason: null, failed: false });
    },
  );
});
