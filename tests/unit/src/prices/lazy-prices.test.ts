import { expect, test } from "vitest";
import { LazyPrices } from "../../../../src/prices/lazy-prices.js";
import { PriceList } from "../../../../src/prices/price-list.js";

test("a price list that is read at the first question answers as the list itself", async () => {
  const prices = new LazyPrices();
  const question = {
    providerKind: "openai",
    providerName: "openai",
    model: "gpt-4o-mini",
    responseModel: null,
    usage: { promptTokens: 1000, completionTokens: 50, cachedTokens: null },
    atMs: Date.UTC(2026, 10, 21),
  };
  expect(await prices.linesOf(question, { costUsd: null, priceVersion: null })).toBeNull();
  const recorded = new PriceList().priceOf(question);
  const lines = await prices.linesOf(question, recorded);
  expect(lines?.map(({ item, tokens }) => [item, tokens])).toEqual([
    ["Input", 1000],
    ["Output", 50],
  ]);
  expect(await prices.linesOf(question, recorded)).toEqual(lines);
});
