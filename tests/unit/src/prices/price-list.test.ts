import { findProvider } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { PriceList, type PriceQuestion } from "../../../../src/prices/price-list.js";
import type { Usage } from "../../../../workers/account/usage.js";

const usage: Usage = {
  promptTokens: 1000,
  completionTokens: 50,
  totalTokens: 1050,
  cachedTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  inputAudioTokens: null,
  outputAudioTokens: null,
  inputImageTokens: null,
  audioSeconds: null,
};
const prices = new PriceList();
const question: PriceQuestion = {
  providerKind: "openai",
  providerName: "openai",
  model: "gpt-4o-mini",
  responseModel: null,
  usage,
  atMs: Date.UTC(2026, 10, 21),
};
const cost = (changed: Partial<PriceQuestion>) => prices.priceOf({ ...question, ...changed }).costUsd;

describe("a price", () => {
  it("is a decimal with ten places, and names its price list", () => {
    const price = { costUsd: "0.0001800000", priceVersion: "genai-prices 0.1.8" };
    expect(prices.priceOf(question)).toEqual(price);
    expect(prices.priceOf(question)).toEqual(price);
  });

  it("counts cached tokens at their own rate", () => {
    expect(cost({ usage: { ...usage, cachedTokens: 400 } })).toBe("0.0001500000");
    expect(cost({ usage: { ...usage, cachedTokens: 0 } })).toBe("0.0001800000");
  });

  it("is zero for zero tokens and null for unknown ones", () => {
    expect(cost({ usage: { ...usage, promptTokens: 0, completionTokens: 0 } })).toBe("0.0000000000");
    expect(cost({ usage: null })).toBe(null);
    expect(cost({ usage: { ...usage, completionTokens: null } })).toBe(null);
  });

  it("follows the model that answered rather than the one asked for", () => {
    expect(cost({ model: "my-alias", responseModel: "gpt-4o-mini-2024-07-18" })).toBe("0.0001800000");
    expect(cost({ responseModel: "gpt-6.1-sol" })).toBe(null);
  });

  it("is by time where the provider bills time", () => {
    const none = { ...usage, promptTokens: null, completionTokens: null };
    expect(cost({ model: "whisper-1", usage: { ...none, audioSeconds: 3600 } })).toBe("0.3600000000");
    expect(cost({ model: "whisper-1", usage: none })).toBe(null);
  });

  it("is known of embeddings and of pictures", () => {
    const embedding = { ...usage, completionTokens: 0 };
    expect(cost({ model: "text-embedding-3-small", usage: embedding })).toBe("0.0000200000");
    const pictures = { ...usage, inputImageTokens: 400 };
    expect(cost({ model: "gpt-image-1", usage: pictures })).toBe("0.0090000000");
  });

  it("knows Azure's names", () => {
    const azure = { providerKind: "azure-openai", providerName: "azure" };
    expect(cost({ ...azure, model: "my-deployment", responseModel: "gpt-35-turbo" })).toBe("0.0005750000");
    expect(cost({ ...azure, model: "my-deployment" })).toBe(null);
  });

  it("of a compatible server needs the exact name of a price list", () => {
    const groq = { providerKind: "openai-compatible", model: "llama-3.3-70b-versatile" };
    expect(cost({ ...groq, providerName: "groq" })).toBe("0.0006295000");
    expect(cost({ ...groq, providerName: "ollama" })).toBe(null);
    expect(cost({ providerKind: "openai-compatible", providerName: "my-local-openai" })).toBe(null);
  });

  it("is unknown for the mock, for no provider, for odd models and for contradicting counts", () => {
    expect(cost({ providerKind: "mock", providerName: "mock" })).toBe(null);
    expect(cost({ providerKind: null })).toBe(null);
    for (const model of [null, "", "toString", "__proto__", "x".repeat(100_000)]) expect(cost({ model })).toBe(null);
    expect(prices.priceOf({ ...question, usage: { ...usage, cachedTokens: 2000 } })).toEqual({
      costUsd: null,
      priceVersion: null,
    });
    expect(cost({ atMs: Number.NaN })).toBe("0.0001800000");
  });
});

describe("the lines of a recorded price", () => {
  const rowUsage = (promptTokens: number, completionTokens: number, cachedTokens: number | null = null) => ({
    promptTokens,
    completionTokens,
    cachedTokens,
  });
  const linesOf = (changed: Partial<PriceQuestion>) => {
    const asked = { ...question, ...changed };
    return prices.linesOf(asked, prices.priceOf(asked));
  };

  it("are input, cached input and output, each with its tokens, its rate and its cost", () => {
    expect(linesOf({ usage: rowUsage(1000, 50, 400) })).toEqual([
      { item: "Input", tokens: 600, usdPerMillion: 0.15, costUsd: 0.00009 },
      { item: "Cached input", tokens: 400, usdPerMillion: 0.075, costUsd: 0.00003 },
      { item: "Output", tokens: 50, usdPerMillion: 0.6, costUsd: 0.00003 },
    ]);
    expect(linesOf({ model: "text-embedding-3-small", usage: rowUsage(1000, 0) })).toEqual([
      { item: "Input", tokens: 1000, usdPerMillion: 0.02, costUsd: 0.00002 },
    ]);
    expect(linesOf({ usage: rowUsage(0, 0) })).toEqual([{ item: "Input", tokens: 0, usdPerMillion: 0.15, costUsd: 0 }]);
  });

  it("have the rates of the tier that the whole prompt is in", () => {
    const gemini = { providerKind: "openai-compatible", providerName: "google", model: "gemini-2.5-pro" };
    const ratesOf = (promptTokens: number) =>
      linesOf({ ...gemini, usage: rowUsage(promptTokens, 1000, 100_000) })?.map(({ usdPerMillion }) => usdPerMillion);
    const [below, above] = [ratesOf(200_000), ratesOf(200_001)];
    expect(below).toHaveLength(3);
    above?.forEach((rate, index) => expect(rate).toBeGreaterThan(below?.[index] ?? 0));
  });

  it("are none where they cannot be made: counts that no row keeps, another list, another sum, no cost", () => {
    const recorded = prices.priceOf(question);
    expect(prices.linesOf(question, recorded)).not.toBeNull();
    expect(prices.linesOf(question, { ...recorded, priceVersion: "genai-prices 0.0.1" })).toBeNull();
    expect(prices.linesOf(question, { ...recorded, costUsd: "0.0001800001" })).toBeNull();
    expect(prices.linesOf(question, { costUsd: null, priceVersion: null })).toBeNull();
    expect(prices.linesOf({ ...question, usage: null }, recorded)).toBeNull();
    // Pictures have a price of their own, and the row keeps only the sum of tokens.
    const pictures = { ...question, model: "gpt-image-1", usage: { ...usage, inputImageTokens: 400 } };
    const asRecorded = { ...pictures, usage: rowUsage(1000, 50) };
    expect(prices.linesOf(asRecorded, prices.priceOf(pictures))).toBeNull();
    const spoken = {
      ...question,
      model: "whisper-1",
      usage: { ...rowUsage(0, 0), promptTokens: null, audioSeconds: 60 },
    };
    expect(
      prices.linesOf({ ...spoken, usage: { ...spoken.usage, audioSeconds: null } }, prices.priceOf(spoken)),
    ).toBeNull();
  });
});

describe("the lines of every model of the list", () => {
  const providers = ["openai", "azure", "google", "anthropic", "groq", "deepseek", "mistral", "x-ai", "openrouter"];
  /** Around the tiers of today's prices, and odd numbers between. */
  const usages = [1, 7, 999, 127_999, 128_001, 200_000, 200_001, 271_999, 272_001, 1_000_003].flatMap((prompt) =>
    [0, Math.floor(prompt / 3)].map((cached) => ({
      promptTokens: prompt,
      completionTokens: 333,
      cachedTokens: cached,
    })),
  );
  const atMs = Date.UTC(2026, 10, 21, 3);

  it("are not given where a request itself has a price, which is no line of tokens", () => {
    const sonar = { providerKind: "openai-compatible", providerName: "perplexity", model: "sonar" };
    const asked = { ...question, ...sonar, usage: { promptTokens: 100, completionTokens: 50, cachedTokens: 0 } };
    const recorded = prices.priceOf(asked);
    expect(Number(recorded.costUsd)).toBeGreaterThan(0);
    expect(prices.linesOf(asked, recorded)).toBeNull();
  });

  it.each(providers)("of %s add up to its price", (providerName) => {
    const models = findProvider({ providerId: providerName })?.models ?? [];
    let [given, left] = [0, 0];
    for (const { id: model } of models) {
      for (const usage of usages) {
        const asked = { ...question, providerKind: "openai-compatible", providerName, model, usage, atMs };
        const recorded = prices.priceOf(asked);
        const lines = prices.linesOf(asked, recorded);
        if (recorded.costUsd === null) expect(lines).toBeNull();
        else if (lines === null) left += 1;
        else {
          given += 1;
          expect(lines.reduce((sum, { costUsd }) => sum + costUsd, 0).toFixed(10)).toBe(recorded.costUsd);
          expect(lines.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(usage.promptTokens + usage.completionTokens);
        }
      }
    }
    expect(models.length).toBeGreaterThan(0);
    expect(given).toBeGreaterThan(0);
    expect(left).toBe(0);
  });
});
