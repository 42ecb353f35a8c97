// From the bytes of an answer to what its row says about it: usage, cost, the model that answered, the outcome.

import type { Price, PriceList } from "../../src/prices/price-list.js";
import type { FinishedExchange, Outcome } from "../../src/trace/record.js";
import type { Usage } from "./usage.js";
import { collectUsage } from "./usage-collector.js";

export type Accounted = Price & {
  readonly usage: Usage | null;
  readonly usageSource: "provider" | "none";
  readonly responseModel: string | null;
  readonly finishReason: string | null;
  readonly outcome: Outcome;
};

/** Never throws. */
export function account(exchange: FinishedExchange, prices: PriceList): Accounted {
  const { begin, end, responseBody } = exchange;
  const found = collectUsage({
    usageFormat: end.usageFormat,
    contentEncoding: end.contentEncoding,
    body: responseBody,
  });
  const price = prices.priceOf({
    providerKind: end.providerKind,
    providerName: end.provider,
    model: end.upstreamModel,
    responseModel: found.responseModel,
    usage: found.usage,
    atMs: begin.createdAtMs,
  });
  return {
    costUsd: price.costUsd,
    priceVersion: price.priceVersion,
    usage: found.usage,
    usageSource: found.usage === null ? "none" : "provider",
    responseModel: found.responseModel,
    finishReason: found.finishReason,
    // A provider that fails after its 200 says so in the answer only; what the gateway saw itself is known better.
    outcome: end.outcome === "complete" && found.failed ? "error" : end.outcome,
  };
}
