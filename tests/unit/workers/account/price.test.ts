import { describe, expect, it } from "vitest";
import { PriceList, type PriceQuestion } from "../../../../workers/account/price.js";
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
