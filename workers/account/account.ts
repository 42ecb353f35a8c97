// From the bytes of an answer to what its row says about it: usage, cost, the model that answered, the outcome.

import type { Price, PriceList } from "../../src/prices/price-list.js";
import type { FinishedExchange, Outcome } from "../../src/trace/record.js";
import type { OwedUsage } from "./owed-usage.js";
import type { Usage } from "./usage.js";
import { type Collected, collectUsage } from "./usage-collector.js";

export type Accounted = Price & {
  readonly usage: Usage | null;
  readonly usageSource: "provider" | "none";
  readonly responseModel: string | null;
  readonly finishReason: string | null;
  readonly outcome: Outcome;
};

const uncounted: Collected = { usage: null, responseModel: null, finishReason: null, failed: false };

/** Never throws. `owed`: what is remembered of responses made in the background; null: nothing is, nor will be. */
export function account(exchange: FinishedExchange, prices: PriceList, owed: OwedUsage | null = null): Accounted {
  const { begin, end } = exchange;
  const found = collectOnce(exchange, owed);
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

/**
 * What a response cost is counted with the answer that shows it first: the one that made it, or, when it was made in
 * the background, one reading of it. Whatever else reads it again counts nothing.
 */
function collectOnce({ begin, end, responseBody }: FinishedExchange, owed: OwedUsage | null): Collected {
  const { usageFormat, contentEncoding } = end;
  const isRead = usageFormat === "openai-response-read";
  if (isRead && owed === null) return uncounted;
  const found = collectUsage({ usageFormat, contentEncoding, body: responseBody });
  const { usage, backgroundId } = found;
  if (isRead) {
    const counts = usage !== null && backgroundId !== undefined && owed?.take(begin.tenantId, backgroundId) === true;
    return counts ? found : uncounted;
  }
  if (usage === null && backgroundId !== undefined) owed?.note(begin.tenantId, backgroundId);
  return found;
}
