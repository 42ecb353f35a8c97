// The short way to the price of an ordinary answer. The library checks its price list anew at each call, which costs 7
// to 16 us and a third of what a lane leaves to the garbage collector. Where prices do not change with the hour, the sum
// is three products, in the order in which the library adds them, so that not a digit differs.
import type { ModelInfo, TieredPrices } from "@pydantic/genai-prices";

type Rate = number | TieredPrices;

/** USD for a million tokens. `cached` is null where cached tokens have no price of their own. */
export type RateCard = { readonly input: Rate; readonly cached: Rate | null; readonly output: Rate };

export type PlainUsage = {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
};

const million = 1e6;
/** Short and long prompts, with a part that was cached and without: so much that an error in any rate shows in the sum. */
const probes: readonly PlainUsage[] = [4321, 1_234_567].flatMap((promptTokens) =>
  [0, Math.floor(promptTokens / 3)].map((cachedTokens) => ({ promptTokens, completionTokens: 7654, cachedTokens })),
);

/**
 * The rates of a model; null where its prices depend on the time or on the request as such. `ask` is the library,
 * which has the last word: where it says another sum, or none, there is no card.
 */
export function makeRateCard(prices: ModelInfo["prices"], ask: (usage: PlainUsage) => number | null): RateCard | null {
  if (Array.isArray(prices)) return null;
  const { input_mtok: input, output_mtok: output, cache_read_mtok: cached = null } = prices;
  if (input === undefined || output === undefined) return null;
  const card = { input, cached, output };
  return probes.every((usage) => ask(usage) === priceBy(card, usage)) ? card : null;
}

/** USD, unrounded. Null where the parts exceed their whole: no honest price can be made of it. */
export function priceBy(card: RateCard, usage: PlainUsage): number | null {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  if (!(cachedTokens >= 0 && promptTokens >= cachedTokens && completionTokens >= 0)) return null;
  const usdOf = (rate: Rate, tokens: number): number => {
    const usd = (rateOf(rate, promptTokens) * tokens) / million;
    // As the library rounds it.
    return typeof rate === "number" ? usd : (usd * million) / million;
  };
  const input =
    card.cached === null
      ? usdOf(card.input, promptTokens)
      : usdOf(card.input, promptTokens - cachedTokens) + usdOf(card.cached, cachedTokens);
  return input + usdOf(card.output, completionTokens);
}

/** What a million costs; a tier is chosen by the size of the whole prompt, and its price is that of all tokens. */
export function rateOf(price: Rate, promptTokens: number): number {
  if (typeof price === "number") return price;
  return price.tiers.findLast(({ start }) => promptTokens > start)?.price ?? price.base;
}
