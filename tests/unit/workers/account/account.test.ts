import { describe, expect, it } from "vitest";
import { PriceList } from "../../../../src/prices/price-list.js";
import { account } from "../../../../workers/account/account.js";
import { endOf, exchangeOf } from "../../../support/exchanges.js";

const prices = new PriceList();

describe("the account of an exchange", () => {
  it("prices the usage of the answer at the provider that gave it", () => {
    expect(account(exchangeOf(), prices)).toMatchObject({
      usageSource: "provider",
      usage: { totalTokens: 15 },
      costUsd: "0.0000045000",
      priceVersion: prices.version,
      outcome: "complete",
    });
    const mock = account(exchangeOf({ end: endOf({ providerKind: "mock", provider: "mock" }) }), prices);
    expect(mock).toMatchObject({ usageSource: "provider", costUsd: null, priceVersion: null });
  });

  it("says that there was no usage rather than inventing one", () => {
    const silent = account(exchangeOf({ responseBody: Buffer.from('{"choices":[]}') }), prices);
    expect(silent).toMatchObject({ usageSource: "none", usage: null, costUsd: null });
  });

  it("turns an answer that failed in its middle into an error, and leaves what the gateway saw itself", () => {
    const responseBody = Buffer.from('data: {"error":{"message":"overloaded"}}\n\n');
    const outcomeOf = (outcome: "complete" | "truncated" | "aborted") =>
      account(exchangeOf({ responseBody, end: endOf({ outcome }) }), prices).outcome;
    expect([outcomeOf("complete"), outcomeOf("truncated"), outcomeOf("aborted")]).toEqual([
      "error",
      "truncated",
      "aborted",
    ]);
  });
});
