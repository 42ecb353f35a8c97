// The `usage` object of an answer, in every form that a provider has sent: what is absent stays unknown, never zero.
import { describe, expect, test } from "vitest";
import { readOpenAiUsage } from "../../../../workers/account/usage.js";

describe("the usage of an answer", () => {
  test("has the sums and their parts, zero as zero and absent as null", () => {
    const given = {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 12 },
    };
    expect(readOpenAiUsage(given)).toEqual({
      promptTokens: 100,
      completionTokens: 20,
      totalTokens: 120,
      cachedTokens: 0,
      cacheWriteTokens: null,
      reasoningTokens: 12,
      inputAudioTokens: 3,
      outputAudioTokens: null,
      inputImageTokens: null,
      audioSeconds: null,
    });
  });

  test("adds up a total that was left out, and takes DeepSeek's name for cached tokens", () => {
    const usage = readOpenAiUsage({ prompt_tokens: 5, completion_tokens: 2, prompt_cache_hit_tokens: 4 });
    expect(usage).toMatchObject({ totalTokens: 7, cachedTokens: 4 });
    expect(readOpenAiUsage({ prompt_tokens: 5 })).toMatchObject({ totalTokens: null, completionTokens: null });
  });

  test("is none without any sum, and takes no count that is none", () => {
    for (const value of [null, 1, "x", [], {}, { prompt_tokens: "5" }, { prompt_tokens: -1, total_tokens: 1.5 }]) {
      expect(readOpenAiUsage(value)).toBeNull();
    }
    expect(readOpenAiUsage({ prompt_tokens: 2 ** 31, completion_tokens: 1 })).toMatchObject({ promptTokens: null });
  });
});
