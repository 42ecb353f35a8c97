import { calcPrice, findProvider, type Provider } from "@pydantic/genai-prices";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeRateCard, type PlainUsage, priceBy } from "../../../../src/prices/rate-card.js";

const amountsOf = ({ promptTokens, completionTokens, cachedTokens }: PlainUsage) => ({
  input_tokens: promptTokens,
  output_tokens: completionTokens,
  ...(cachedTokens > 0 ? { cache_read_tokens: cachedTokens } : {}),
});

function askOf(provider: Provider, model: string) {
  return (usage: PlainUsage): number | null => {
    try {
      return calcPrice(amountsOf(usage), model, { provider })?.total_price ?? null;
    } catch {
      return null;
    }
  };
}

const priced = ["openai", "azure", "anthropic", "google", "mistral", "deepseek", "groq"].flatMap((providerId) => {
  const found = findProvider({ providerId });
  return (found?.models ?? []).map((model) => ({
    name: `${providerId}/${model.id}`,
    provider: { ...(found as Provider), models: [model] },
    model,
  }));
});
const usages = fc
  .record({ prompt: fc.nat(2_000_000), cachedShare: fc.double({ min: 0, max: 1, noNaN: true }), out: fc.nat(200_000) })
  .map(({ prompt, cachedShare, out }) => ({
    promptTokens: prompt,
    completionTokens: out,
    cachedTokens: Math.floor(prompt * cachedShare),
  }));

describe("a rate card", () => {
  it("says what the library says, to the last bit, for every model that has one", () => {
    const cards = priced.flatMap(({ name, provider, model }) => {
      const ask = askOf(provider, model.id);
      const card = makeRateCard(model.prices, ask);
      return card === null ? [] : [{ name, card, ask }];
    });
    expect(cards.length).toBeGreaterThan(150);
    fc.assert(
      fc.property(fc.constantFrom(...cards), usages, ({ name, card, ask }, usage) => {
        const said = ask(usage);
        if (said !== null) expect([name, priceBy(card, usage)]).toEqual([name, said]);
      }),
      { numRuns: 3000 },
    );
  });

  it("takes the price of a long prompt for all of it", () => {
    const tiered = { base: 3, tiers: [{ start: 200_000, price: 6 }] };
    const card = { input: tiered, cached: null, output: { base: 15, tiers: [{ start: 200_000, price: 22.5 }] } };
    expect(priceBy(card, { promptTokens: 200_000, completionTokens: 1000, cachedTokens: 0 })).toBeCloseTo(0.615);
    expect(priceBy(card, { promptTokens: 200_001, completionTokens: 1000, cachedTokens: 0 })).toBeCloseTo(1.2225);
  });

  const plain = { input_mtok: 1, output_mtok: 2, cache_read_mtok: 0.5 };
  const sum = (usage: PlainUsage) => priceBy({ input: 1, cached: 0.5, output: 2 }, usage);

  it("is not made where more than tokens count, or where the library says another sum", () => {
    expect(makeRateCard(plain, sum)).toEqual({ input: 1, cached: 0.5, output: 2 });
    expect(makeRateCard({ ...plain, requests_kcount: 3 }, (usage) => Number(sum(usage)) + 0.003)).toBeNull();
    expect(makeRateCard({ ...plain, input_mtok: { base: 1, tiers: [{ start: 9000, price: 3 }] } }, sum)).toBeNull();
    expect(makeRateCard([{ prices: plain }], sum)).toBeNull();
    expect(makeRateCard({ input_mtok: 1 }, sum)).toBeNull();
    expect(makeRateCard(plain, () => 1)).toBeNull();
    expect(makeRateCard(plain, () => null)).toBeNull();
  });

  it("has no price for parts that exceed their whole", () => {
    expect(sum({ promptTokens: 1, completionTokens: 1, cachedTokens: 2 })).toBeNull();
    expect(sum({ promptTokens: Number.NaN, completionTokens: 1, cachedTokens: 0 })).toBeNull();
  });
});
