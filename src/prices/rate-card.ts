// The short way to the price of an ordinary answer. The library checks its price list anew at each call, which costs 7
// to 16 us and a third of what a lane leaves to the garbage collector. For a model with fixed prices the sum is three
// products, in the order in which the library adds them, so that not a digit differs.
import type { ModelInfo } from "@pydantic/genai-prices";

/** USD for a million tokens. `cached` is null where cached tokens have no price of their own. */
export type RateCard = { readonly input: number; readonly cached: number | null; readonly output: number };

export type PlainUsage = {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
};

const million = 1e6;
/** So much of each that an error in any rate shows in the sum. */
const probe: PlainUsage = { promptTokens: 1_234_567, completionTokens: 765_432, cachedTokens: 234_567 };

/**
 * The rates of a model; null where its prices depend on anything but tokens: a date, an hour, the length of the prompt,
 * or the request as such. `ask` is the library, which has the last word: where it says another sum, or none, there is
 * no card.
 */
export function makeRateCard(prices: ModelInfo["prices"], ask: (usage: PlainUsage) => number | null): RateCard | null {
  if (Array.isArray(prices)) return null;
  const { input_mtok: input, output_mtok: output, cache_read_mtok: cached = null } = prices;
  if (typeof input !== "number" || typeof output !== "number") return null;
  if (cached !== null && typeof cached !== "number") return null;
  if (Object.keys(prices).some((key) => !key.endsWith("_mtok"))) return null;
  const card = { input, cached, output };
  const plain = { ...probe, cachedTokens: 0 };
  return ask(probe) === priceBy(card, probe) && ask(plain) === priceBy(card, plain) ? card : null;
}

/** USD, unrounded. Null where the parts exceed their whole: no honest price can be made of it. */
export function priceBy(card: RateCard, usage: PlainUsage): number | null {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  if (!(cachedTokens >= 0 && promptTokens >= cachedTokens && completionTokens >= 0)) return null;
  const input =
    card.cached === null
      ? (card.input * promptTokens) / million
      : (card.input * (promptTokens - cachedTokens)) / million + (card.cached * cachedTokens) / million;
  return input + (card.output * completionTokens) / million;
}
