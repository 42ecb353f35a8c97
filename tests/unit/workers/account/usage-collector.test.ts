import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { type Collected, collectUsage } from "../../../../workers/account/usage-collector.js";

const collect = (body: string | Uint8Array, contentEncoding: string | null = null): Collected =>
  collectUsage({ usageFormat: "openai-chat", contentEncoding, body: Buffer.from(body) });

const sums = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});
const content = (text: string, more: object = {}) => ({
  id: "c",
  model: "gpt-4o-2024-08-06",
  choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
  ...more,
});
const finish = (reason: string, more: object = {}, index = 0) => ({
  model: "gpt-4o-2024-08-06",
  choices: [{ index, delta: {}, finish_reason: reason }],
  ...more,
});
const usageChunk = (prompt: number, completion: number) => ({
  model: "gpt-4o-2024-08-06",
  choices: [],
  usage: sums(prompt, completion),
});
const sse = (...chunks: object[]) =>
  `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`;
const total = (collected: Collected) => collected.usage?.totalTokens ?? null;

describe("usage of a plain answer", () => {
  const answer = {
    model: "gpt-4o-2024-08-06",
    choices: [{ index: 0, message: { content: "hi" }, finish_reason: "stop" }],
    usage: {
      ...sums(10, 5),
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 1, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 3 },
    },
  };

  it("is read with its parts, the model and the finish reason", () => {
    expect(collect(JSON.stringify(answer))).toEqual({
      usage: {
        promptTokens: 10,
        completionTokens: 5,
        totalTokens: 15,
        cachedTokens: 4,
        cacheWriteTokens: 1,
        reasoningTokens: 2,
        inputAudioTokens: 0,
        outputAudioTokens: 3,
        inputImageTokens: null,
        audioSeconds: null,
      },
      responseModel: "gpt-4o-2024-08-06",
      finishReason: "stop",
      failed: false,
    });
  });

  it("is read after blank lines and a BOM, and through every content encoding", () => {
    const json = JSON.stringify(answer);
    expect(total(collect(`\n\r\n \t${json}`))).toBe(15);
    expect(total(collect(`\ufeff\n${json}`))).toBe(15);
    expect(total(collect(gzipSync(json), "gzip"))).toBe(15);
    expect(total(collect(brotliCompressSync(json), "BR"))).toBe(15);
    expect(total(collect(deflateSync(json), "deflate"))).toBe(15);
    expect(total(collect(deflateRawSync(json), "deflate"))).toBe(15);
    expect(total(collect(brotliCompressSync(gzipSync(json)), "gzip, br"))).toBe(15);
    expect(total(collect(json, "identity"))).toBe(15);
    expect(total(collect(json, "gzip"))).toBe(null);
    expect(total(collect(json, "rot13"))).toBe(null);
  });

  it("tells absent, null and zero apart, and takes nothing that is no count", () => {
    expect(collect('{"choices":[]}').usage).toBe(null);
    expect(collect('{"usage":null}').usage).toBe(null);
    expect(collect('{"usage":{}}').usage).toBe(null);
    expect(collect('{"usage":{"prompt_tokens":null}}').usage).toBe(null);
    const zero = collect('{"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}').usage;
    expect(zero).toMatchObject({ promptTokens: 0, completionTokens: 0, totalTokens: 0, cachedTokens: null });
    const odd = collect('{"usage":{"prompt_tokens":"7","completion_tokens":-1,"total_tokens":1e300,"x":1}}').usage;
    expect(odd).toBe(null);
    const half = collect('{"usage":{"prompt_tokens":7,"completion_tokens":1.5,"prompt_tokens_details":null}}').usage;
    expect(half).toMatchObject({ promptTokens: 7, completionTokens: null, totalTokens: null });
  });

  it("believes the provider's total over its own sum, and sums only when there is none", () => {
    expect(total(collect('{"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":9}}'))).toBe(9);
    expect(total(collect('{"usage":{"prompt_tokens":1,"completion_tokens":2}}'))).toBe(3);
  });

  it("takes DeepSeek's cache field and Groq's usage", () => {
    expect(collect('{"usage":{"prompt_tokens":9,"prompt_cache_hit_tokens":6}}').usage?.cachedTokens).toBe(6);
    expect(total(collect('{"x_groq":{"usage":{"total_tokens":4}}}'))).toBe(4);
  });

  it("reports an error body under a 200, and takes nothing of a cut or an empty one", () => {
    expect(collect('{"error":{"message":"no"}}').failed).toBe(true);
    expect(collect('{"error":null,"choices":[]}').failed).toBe(false);
    for (const body of ["", '{"usage":{"prompt_tokens":1}', "<html>502</html>", "[1]", "null"]) {
      expect(collect(body)).toEqual({ usage: null, responseModel: null, finishReason: null, failed: false });
    }
    const off = { usageFormat: "none" as const, contentEncoding: null, body: Buffer.from(JSON.stringify(answer)) };
    expect(collectUsage(off).usage).toBe(null);
  });
});

describe("usage of a stream", () => {
  it("is the last one that was given, never a sum", () => {
    const every = [1, 2, 3].map((tokens) => content("x", { usage: sums(10, tokens) }));
    expect(total(collect(sse(...every, finish("stop", { usage: sums(10, 4) }))))).toBe(14);
    expect(total(collect(sse(content("a", { usage: null }), finish("stop", { usage: null }), usageChunk(10, 5))))).toBe(
      15,
    );
  });

  it("is found in the last content chunk, in x_groq, and with odd white space", () => {
    expect(total(collect(sse(content("a"), finish("stop", { usage: sums(3, 4), timings: {} }))))).toBe(7);
    const groq = finish("stop", { x_groq: { id: "req", usage: { ...sums(2, 3), queue_time: 0.1 } } });
    expect(total(collect(sse(content("a", { x_groq: { id: "req" } }), groq)))).toBe(5);
    expect(total(collect(`data: ${JSON.stringify(usageChunk(1, 1), null, 1).replaceAll("\n", "\ndata: ")}\n\n`))).toBe(
      2,
    );
    expect(total(collect('data: {"us\\u0061ge":{"total_tokens":8}}\n\ndata: [DONE]\n\n'))).toBe(8);
  });

  it("survives a later null or empty usage", () => {
    expect(
      total(collect(sse(finish("stop", { usage: sums(1, 2) }), { choices: [], usage: null }, { usage: {} }))),
    ).toBe(3);
  });

  it("is not taken from what the model says", () => {
    const said = content('"usage":{"total_tokens":99},"error":{"x":1},"finish_reason":"length"');
    expect(collect(sse(said, finish("stop")))).toMatchObject({ usage: null, finishReason: "stop", failed: false });
  });

  it("comes with the first model that is not empty and the finish reason of choice 0", () => {
    const azure = { choices: [], id: "", model: "", prompt_filter_results: [] };
    const two = sse(azure, content("a"), finish("tool_calls"), finish("length", {}, 1), usageChunk(1, 1));
    expect(collect(two)).toMatchObject({ responseModel: "gpt-4o-2024-08-06", finishReason: "tool_calls" });
    expect(collect(sse(finish("length", {}, 2), finish("stop", {}, 1))).finishReason).toBe("length");
  });

  it("reads comments, CRLF, a BOM, no space after the colon and a missing last blank line", () => {
    const lines = `\ufeff: hello\r\n\r\ndata:${JSON.stringify(content("ü"))}\r\n\r\n: keep-alive\r\n\r\n`;
    expect(total(collect(`${lines}data: ${JSON.stringify(usageChunk(2, 2))}`))).toBe(4);
  });

  it("reports an error in the middle, as a field and as a named event", () => {
    const error = { error: { message: "overloaded" } };
    expect(collect(sse(content("a"), error)).failed).toBe(true);
    expect(collect(sse(error, usageChunk(1, 1), finish("stop"), usageChunk(1, 1)))).toMatchObject({ failed: true });
    expect(collect("event: error\ndata: {}\n\n").failed).toBe(true);
    expect(collect(sse(content("a", { error: null }), finish("stop"))).failed).toBe(false);
  });

  it("is read from head and tail of a very long stream, compressed or not", () => {
    const filler = `data: ${JSON.stringify(content("x".repeat(100_000)))}\n\n`.repeat(60);
    const long = `${sse(content("a")).replace("data: [DONE]\n\n", "")}${filler}${sse(finish("stop"), usageChunk(1, 2))}`;
    expect(long.length).toBeGreaterThan(limits.accountBytesMax);
    for (const found of [collect(long), collect(gzipSync(long), "gzip")]) {
      expect(found).toMatchObject({
        responseModel: "gpt-4o-2024-08-06",
        finishReason: "stop",
        usage: { totalTokens: 3 },
      });
    }
  });

  it("of a stream cut anywhere is what had been said until then, and nothing throws", () => {
    const chunks = [content("漢字 👩‍👩‍👧"), content("b", { usage: sums(5, 1) }), finish("stop", { usage: sums(5, 2) })];
    const whole = Buffer.from(sse(...chunks));
    const expected = (cut: number) => {
      const seen = whole.subarray(0, cut).toString("utf8");
      return seen.includes('"total_tokens":7}}') ? 7 : seen.includes('"total_tokens":6}}') ? 6 : null;
    };
    for (let cut = 0; cut <= whole.length; cut += 1) expect(total(collect(whole.subarray(0, cut)))).toBe(expected(cut));
    const zipped = gzipSync(whole);
    for (let cut = 0; cut <= zipped.length; cut += 1) collect(zipped.subarray(0, cut), "gzip");
    expect(total(collect(zipped.subarray(0, zipped.length - 8), "gzip"))).toBe(7);
  });

  it("never throws on any bytes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("data:", "{", "}", '"usage":', '"error":', "\n", "\r", "[", "1", '"', ",", "null")),
        fc.uint8Array(),
        fc.constantFrom(null, "gzip", "br", "deflate"),
        (words, bytes, encoding) => {
          collect(Buffer.concat([Buffer.from(words.join("")), bytes]), encoding);
        },
      ),
    );
  });
});
