import { describe, expect, it } from "vitest";
import { PriceList } from "../../../../src/prices/price-list.js";
import type { UsageFormat } from "../../../../src/trace/record.js";
import { account } from "../../../../workers/account/account.js";
import { OwedUsage } from "../../../../workers/account/owed-usage.js";
import { beginOf, endOf, exchangeOf } from "../../../support/exchanges.js";

const memoryOf = (responses: number) => new SharedArrayBuffer(responses * 8);

describe("what is remembered of responses made in the background", () => {
  it("is given out once, to whichever lane asks first, and to the tenant that made it only", () => {
    const memory = memoryOf(64);
    const [one, other] = [new OwedUsage(memory), new OwedUsage(memory)];
    one.note("tenant", "resp_1");
    one.note("tenant", "resp_1");
    expect([one.take("tenant", "resp_2"), one.take("another", "resp_1")]).toEqual([false, false]);
    expect([other.take("tenant", "resp_1"), one.take("tenant", "resp_1")]).toEqual([true, false]);
  });

  it("has room for as many as it was made for at most: older ones are forgotten, none is given out twice", () => {
    const owed = new OwedUsage(memoryOf(64));
    const ids = Array.from({ length: 1000 }, (_, index) => `resp_${index}`);
    for (const id of ids) owed.note("tenant", id);
    const given = ids.filter((id) => owed.take("tenant", id)).length;
    expect(given).toBeGreaterThan(40);
    expect(given).toBeLessThanOrEqual(64);
    expect(ids.some((id) => owed.take("tenant", id))).toBe(false);
  });
});

describe("the account of responses made in the background", () => {
  const prices = new PriceList();
  const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
  const answer = (more: object) => ({ id: "resp_1", model: "gpt-4o-mini", background: true, error: null, ...more });
  const stream = (...responses: readonly object[]) =>
    responses.map((response) => `data: ${JSON.stringify({ type: "response", response })}\n\n`).join("");
  const tell = (owed: OwedUsage | null, usageFormat: UsageFormat, body: string | object, tenantId = "tenant") => {
    const responseBody = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    const exchange = exchangeOf({ begin: beginOf({ tenantId }), end: endOf({ usageFormat }), responseBody });
    return account(exchange, prices, owed);
  };
  const making = answer({ status: "queued", usage: null });
  const whole = answer({ status: "completed", usage });

  it("has the usage and the cost with the first reading that shows it, and with no other", () => {
    const owed = new OwedUsage(memoryOf(64));
    const read = (body: string | object) => tell(owed, "openai-response-read", body);
    expect(tell(owed, "openai-responses", making).usageSource).toBe("none");
    expect(read(answer({ status: "in_progress", usage: null })).usageSource).toBe("none");
    expect(read(whole)).toMatchObject({ usageSource: "provider", usage: { totalTokens: 15 }, outcome: "complete" });
    expect(Number(tell(owed, "openai-responses", whole).costUsd)).toBeGreaterThan(0);
    expect(read(whole)).toMatchObject({ usageSource: "none", usage: null, costUsd: null, finishReason: null });
  });

  it("has it with the stream that made it, or with the one that goes on after a cut", () => {
    const owed = new OwedUsage(memoryOf(64));
    expect(tell(owed, "openai-responses", stream(making, whole)).usageSource).toBe("provider");
    expect(tell(owed, "openai-response-read", stream(making, whole)).usageSource).toBe("none");
    expect(tell(owed, "openai-responses", stream(making)).usageSource).toBe("none");
    expect(tell(owed, "openai-response-read", stream(whole)).usageSource).toBe("provider");
    expect(tell(owed, "openai-response-read", stream(whole)).usageSource).toBe("none");
  });

  it("counts no reading of one that was counted, that another tenant or nobody known has made, or that was replayed", () => {
    const owed = new OwedUsage(memoryOf(64));
    tell(owed, "openai-responses", answer({ background: false, status: "completed", usage }));
    expect(tell(owed, "openai-response-read", whole).usageSource).toBe("none");
    tell(null, "openai-responses", making);
    expect(tell(owed, "openai-response-read", whole).usageSource).toBe("none");
    tell(owed, "openai-responses", making);
    expect(tell(owed, "openai-response-read", whole, "another").usageSource).toBe("none");
    expect(tell(null, "openai-response-read", whole).usageSource).toBe("none");
  });

  it("takes a reading of a failed one for a reading, not for a failure", () => {
    const failed = answer({ status: "failed", error: { code: "server_error" }, usage: null });
    expect(tell(new OwedUsage(memoryOf(64)), "openai-response-read", failed).outcome).toBe("complete");
  });
});
