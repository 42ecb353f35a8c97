// What an answer cost: the one wrapper of @pydantic/genai-prices. A price that is not known is null, never zero. Lanes
// price with it; the query API says line by line what a recorded price was made of.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { calcPrice, type PriceCalculation, type Provider } from "@pydantic/genai-prices";
import { LRUCache } from "lru-cache";
import { providerKinds } from "../config/config.js";
import { providerOf } from "../providers/provider-table.js";
import { makeRateCard, type PlainUsage, priceBy, type RateCard, rateOf } from "./rate-card.js";

/** What is priced. Counts that are parts of another one are null where nobody said them. */
export type PricedUsage = {
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly cachedTokens: number | null;
  readonly cacheWriteTokens?: number | null;
  readonly inputAudioTokens?: number | null;
  readonly outputAudioTokens?: number | null;
  readonly inputImageTokens?: number | null;
  /** What is billed by time instead of tokens. */
  readonly audioSeconds?: number | null;
};

export type PriceQuestion = {
  /** `openai`, `azure-openai`, `openai-compatible`, `mock`, or null when no provider was tried. */
  readonly providerKind: string | null;
  /** The name in `provider/model`; of a compatible server it may be the name of a known price list. */
  readonly providerName: string | null;
  readonly model: string | null;
  /** The model that answered; believed before `model`, which may be an alias or a deployment. */
  readonly responseModel: string | null;
  readonly usage: PricedUsage | null;
  /** Unix ms; prices have dates. */
  readonly atMs: number;
};

export type Price = {
  /** USD with ten decimals, as numeric(20,10) takes it; rounded here and only here. */
  readonly costUsd: string | null;
  readonly priceVersion: string | null;
};

/** One line of a cost. `costUsd` is not rounded. */
export type CostLine = {
  readonly item: "Input" | "Cached input" | "Output";
  readonly tokens: number;
  /** Null where the list has no price for it. */
  readonly usdPerMillion: number | null;
  readonly costUsd: number;
};

/** Decimals of numeric(20,10). */
const costDecimals = 10;
/** A cost of this much does not fit numeric(20,10); no answer costs that. */
const costUsdEnd = 1e10;
const million = 1e6;
const matchesMax = 1000;
const modelLengthMax = 200;
const packageName = "@pydantic/genai-prices";
const unknown: Price = { costUsd: null, priceVersion: null };

function priceListOf(kind: string | null, name: string | null): string | null {
  const known = providerKinds.find((one) => one === kind);
  return known === undefined || name === null ? null : providerOf(known).priceList(name);
}

function readVersion(): string {
  const entry = createRequire(import.meta.url).resolve(packageName);
  const manifest = JSON.parse(readFileSync(new URL("../package.json", pathToFileURL(entry)), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

/** `provider` is narrowed to the one model, which makes every later call cheaper; null when no price is known. */
type Match = { readonly model: string; readonly provider: Provider | null; readonly card: RateCard | null };

export class PriceList {
  readonly version = `genai-prices ${readVersion()}`;
  /** Matching a model costs up to 55 µs, and most for the unknown ones. */
  readonly #matches = new LRUCache<string, Match>({ max: matchesMax });

  /** Never throws. */
  priceOf(question: PriceQuestion): Price {
    const totalUsd = this.#short(question) ?? this.#calculate(question)?.total_price ?? null;
    return totalUsd === null ? unknown : { costUsd: totalUsd.toFixed(costDecimals), priceVersion: this.version };
  }

  /**
   * What a recorded price was made of, by the tokens that a row keeps; null unless the lines add up to it in all its
   * decimals. Never throws.
   */
  linesOf(question: PriceQuestion, recorded: Price): readonly CostLine[] | null {
    if (recorded.costUsd === null || recorded.priceVersion !== this.version || question.usage === null) return null;
    const price = this.#calculate(question);
    if (price === null) return null;
    const lines = makeLines(price, question.usage);
    const sum = lines.reduce((sumUsd, { costUsd }) => sumUsd + costUsd, 0);
    return sum.toFixed(costDecimals) === Number(recorded.costUsd).toFixed(costDecimals) ? lines : null;
  }

  /** By the model's rates; null for whatever needs the library to tell. */
  #short(question: PriceQuestion): number | null {
    const plain = question.usage === null ? null : plainOf(question.usage);
    const card = plain === null ? null : (this.#find(question)?.card ?? null);
    const totalUsd = plain === null || card === null ? null : priceBy(card, plain);
    return totalUsd !== null && totalUsd < costUsdEnd ? totalUsd : null;
  }

  #calculate(question: PriceQuestion): PriceCalculation | null {
    const amounts = question.usage === null ? null : amountsOf(question.usage);
    if (amounts === null) return null;
    try {
      const { provider = null, model = "" } = this.#find(question) ?? {};
      const price =
        provider === null ? null : calcPrice(amounts, model, { provider, timestamp: new Date(question.atMs) });
      return price !== null && price.total_price >= 0 && price.total_price < costUsdEnd ? price : null;
    } catch {
      // Parts that exceed their whole, or a date that is none: no honest price can be made of it.
      return null;
    }
  }

  /** Null without a price list or a model, or where the library fails on them. */
  #find({ providerKind, providerName, model: asked, responseModel }: PriceQuestion): Match | null {
    const list = priceListOf(providerKind, providerName);
    const model = responseModel ?? asked;
    if (list === null || model === null || model.length > modelLengthMax) return null;
    try {
      return this.#match(list, model);
    } catch {
      return null;
    }
  }

  #match(list: string, model: string): Match {
    const key = `${list}/${model}`;
    const cached = this.#matches.get(key);
    if (cached !== undefined) return cached;
    const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { providerId: list });
    // A provider that was found by a likeness of names only ("my-openai") is another one.
    const exact = found?.provider.id === list;
    const provider = exact ? { ...found.provider, models: [found.model] } : null;
    const ask = (usage: PlainUsage) => askLibrary(model, provider, usage);
    const match: Match = { model, provider, card: exact ? makeRateCard(found.model.prices, ask) : null };
    this.#matches.set(key, match);
    return match;
  }
}

function askLibrary(model: string, provider: Provider | null, usage: PlainUsage): number | null {
  const amounts = amountsOf(usage);
  if (provider === null || amounts === null) return null;
  try {
    return calcPrice(amounts, model, { provider })?.total_price ?? null;
  } catch {
    return null;
  }
}

/** Null where something is counted that has a price of its own elsewhere, or a count is missing. */
function plainOf(usage: PricedUsage): PlainUsage | null {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  const hasParts =
    usage.cacheWriteTokens || usage.inputAudioTokens || usage.outputAudioTokens || usage.inputImageTokens;
  if (promptTokens === null || completionTokens === null || hasParts) return null;
  return { promptTokens, completionTokens, cachedTokens: cachedTokens ?? 0 };
}

function makeLines({ model_price: prices }: PriceCalculation, usage: PricedUsage): CostLine[] {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  const prompt = promptTokens ?? 0;
  const lineOf = (item: CostLine["item"], tokens: number, unit: string): CostLine => {
    const price = prices[unit];
    const usdPerMillion = price === undefined ? null : rateOf(price, prompt);
    return { item, tokens, usdPerMillion, costUsd: ((usdPerMillion ?? 0) * tokens) / million };
  };
  // Where cached tokens have no price of their own, they are tokens like the others.
  const cached = prices["cache_read_mtok"] === undefined ? 0 : (cachedTokens ?? 0);
  return [
    lineOf("Input", prompt - cached, "input_mtok"),
    lineOf("Cached input", cached, "cache_read_mtok"),
    lineOf("Output", completionTokens ?? 0, "output_mtok"),
  ].filter(({ item, tokens }) => tokens > 0 || item === "Input");
}

/** What is priced: tokens, or time where the provider bills by it. Null when a sum is missing. */
function amountsOf(usage: PricedUsage): Record<string, number> | null {
  const { promptTokens, completionTokens, audioSeconds } = usage;
  if (promptTokens !== null && completionTokens !== null) {
    return { input_tokens: promptTokens, output_tokens: completionTokens, ...partsOf(usage) };
  }
  return audioSeconds === null || audioSeconds === undefined ? null : { audio_seconds: audioSeconds };
}

/** Only what was reported: the price list warns about nothing then, and prices nothing twice. */
function partsOf(usage: PricedUsage): Record<string, number> {
  const parts: Record<string, number> = {};
  if (usage.cachedTokens) parts["cache_read_tokens"] = usage.cachedTokens;
  if (usage.cacheWriteTokens) parts["cache_write_tokens"] = usage.cacheWriteTokens;
  if (usage.inputAudioTokens) parts["input_audio_tokens"] = usage.inputAudioTokens;
  if (usage.outputAudioTokens) parts["output_audio_tokens"] = usage.outputAudioTokens;
  if (usage.inputImageTokens) parts["input_image_tokens"] = usage.inputImageTokens;
  return parts;
}
