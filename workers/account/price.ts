// What an answer cost: the one wrapper of @pydantic/genai-prices. A price that is not known is null, never zero.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { calcPrice, type Provider } from "@pydantic/genai-prices";
import { LRUCache } from "lru-cache";
import { providerKinds } from "../../src/config/config.js";
import { providerOf } from "../../src/providers/provider-table.js";
import type { Usage } from "./usage.js";

export type PriceQuestion = {
  /** `openai`, `azure-openai`, `openai-compatible`, `mock`, or null when no provider was tried. */
  readonly providerKind: string | null;
  /** The name in `provider/model`; of a compatible server it may be the name of a known price list. */
  readonly providerName: string | null;
  readonly model: string | null;
  /** The model that answered; believed before `model`, which may be an alias or a deployment. */
  readonly responseModel: string | null;
  readonly usage: Usage | null;
  /** Unix ms; prices have dates. */
  readonly atMs: number;
};

export type Price = {
  /** USD with ten decimals, as numeric(20,10) takes it; rounded here and only here. */
  readonly costUsd: string | null;
  readonly priceVersion: string | null;
};

/** Decimals of numeric(20,10). */
const costDecimals = 10;
/** A cost of this much does not fit numeric(20,10); no answer costs that. */
const costUsdEnd = 1e10;
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
type Match = { readonly provider: Provider | null };

export class PriceList {
  readonly version = `genai-prices ${readVersion()}`;
  /** Matching a model costs up to 55 µs, and most for the unknown ones. */
  readonly #matches = new LRUCache<string, Match>({ max: matchesMax });

  /** Never throws. */
  priceOf(question: PriceQuestion): Price {
    const { usage, atMs } = question;
    const list = priceListOf(question.providerKind, question.providerName);
    const model = question.responseModel ?? question.model;
    const amounts = usage === null ? null : amountsOf(usage);
    if (amounts === null) return unknown;
    if (list === null || model === null || model.length > modelLengthMax) return unknown;
    try {
      const { provider } = this.#match(list, model);
      if (provider === null) return unknown;
      const price = calcPrice(amounts, model, { provider, timestamp: new Date(atMs) });
      if (price === null || !(price.total_price >= 0 && price.total_price < costUsdEnd)) return unknown;
      return { costUsd: price.total_price.toFixed(costDecimals), priceVersion: this.version };
    } catch {
      // Parts that exceed their whole, or a date that is none: no honest price can be made of it.
      return unknown;
    }
  }

  #match(list: string, model: string): Match {
    const key = `${list}/${model}`;
    const cached = this.#matches.get(key);
    if (cached !== undefined) return cached;
    const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { providerId: list });
    // A provider that was found by a likeness of names only ("my-openai") is another one.
    const exact = found?.provider.id === list;
    const match: Match = { provider: exact ? { ...found.provider, models: [found.model] } : null };
    this.#matches.set(key, match);
    return match;
  }
}

/** What is priced: tokens, or time where the provider bills by it. Null when a sum is missing. */
function amountsOf(usage: Usage): Record<string, number> | null {
  const { promptTokens, completionTokens, audioSeconds } = usage;
  if (promptTokens !== null && completionTokens !== null) {
    return { input_tokens: promptTokens, output_tokens: completionTokens, ...partsOf(usage) };
  }
  return audioSeconds === null ? null : { audio_seconds: audioSeconds };
}

/** Only what was reported: the price list warns about nothing then, and prices nothing twice. */
function partsOf(usage: Usage): Record<string, number> {
  const parts: Record<string, number> = {};
  if (usage.cachedTokens) parts["cache_read_tokens"] = usage.cachedTokens;
  if (usage.cacheWriteTokens) parts["cache_write_tokens"] = usage.cacheWriteTokens;
  if (usage.inputAudioTokens) parts["input_audio_tokens"] = usage.inputAudioTokens;
  if (usage.outputAudioTokens) parts["output_audio_tokens"] = usage.outputAudioTokens;
  if (usage.inputImageTokens) parts["input_image_tokens"] = usage.inputImageTokens;
  return parts;
}
