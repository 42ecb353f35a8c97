import { describe, expect, it } from "vitest";
import { PriceList } from "../../../../src/prices/price-list.js";
import type { TraceEnd } from "../../../../src/trace/record.js";
import { account } from "../../../../workers/account/account.js";
import { exchangeLine, levelOf } from "../../../../workers/observe/exchange-line.js";
import { beginOf, endOf, exchangeOf } from "../../../support/exchanges.js";

const prices = new PriceList();

describe("the line of an exchange", () => {
  it("says who, what, how it ended, how long and how much", () => {
    const exchange = exchangeOf({ begin: beginOf({ id: "i", traceId: "t", tenantId: "n" }) });
    expect(exchangeLine(exchange, account(exchange, prices))).toEqual({
      id: "i",
      traceId: "t",
      tenant: "n",
      endpoint: "/v1/chat/completions",
      provider: "openai",
      model: "gpt-4o-mini",
      status: 200,
      outcome: "complete",
      streamed: false,
      attempts: 1,
      latencyMs: 12.5,
      ttfbMs: 11.25,
      overheadMs: 0.375,
      promptTokens: 10,
      completionTokens: 5,
      costUsd: 0.0000045,
    });
  });

  it("is louder for a provider's failure, and loudest for Loom's own", () => {
    const level = (change: Partial<TraceEnd>) => {
      const exchange = exchangeOf({ end: endOf(change) });
      return levelOf(exchange, account(exchange, prices));
    };
    expect(level({})).toBe("info");
    expect(level({ outcome: "aborted", errorCode: "client_gone" })).toBe("info");
    expect(level({ outcome: "truncated", errorCode: "upstream_cut" })).toBe("warn");
    expect(level({ outcome: "error", errorCode: "internal_error" })).toBe("error");
    expect(level({ outcome: "interrupted" })).toBe("error");
  });
});
