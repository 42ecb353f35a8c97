import { describe, expect, it } from "vitest";
import { PriceList } from "../../../../src/prices/price-list.js";
import { writeExposition } from "../../../../src/report/exposition.js";
import { type Distribution, MetricStore } from "../../../../src/report/metric-store.js";
import type { FinishedExchange, Outcome, TraceEnd } from "../../../../src/trace/record.js";
import { account } from "../../../../workers/account/account.js";
import { countEvents, countExchange } from "../../../../workers/observe/count-exchange.js";
import { ModelNames } from "../../../../workers/observe/model-names.js";
import { beginOf, endOf, exchangeOf } from "../../../support/exchanges.js";

const prices = new PriceList();

function count(...exchanges: FinishedExchange[]) {
  const store = new MetricStore();
  const names = new ModelNames();
  for (const exchange of exchanges) countExchange(store, names, exchange, account(exchange, prices));
  return store.snapshot();
}

const ended = (change: Partial<TraceEnd>) => exchangeOf({ end: endOf(change) });

describe("what a finished exchange adds to the metrics", () => {
  it("is its time, its tokens, its cost and Loom's own share", () => {
    const seen = count(exchangeOf());
    const labels = ["chat", "openai", "gpt-4o-mini"];
    expect(seen.gen_ai_client_operation_duration_seconds).toEqual([
      { labels: [...labels, ""], value: expect.objectContaining({ sum: 0.0125 }) as Distribution },
    ]);
    expect(
      seen.gen_ai_client_token_usage?.map(({ labels, value }) => [labels[3], (value as Distribution).sum]),
    ).toEqual([
      ["input", 10],
      ["output", 5],
    ]);
    expect(seen.loom_cost_usd_total).toEqual([{ labels: ["openai", "gpt-4o-mini"], value: 0.0000045 }]);
    expect(seen.loom_overhead_seconds?.[0]?.value).toMatchObject({ sum: 0.000375 });
    expect(seen.loom_attempts_total).toEqual([{ labels: ["openai", "2xx"], value: 1 }]);
    expect(seen.gen_ai_client_operation_time_to_first_chunk_seconds).toBeUndefined();
  });

  it("is the time to the first and between the later chunks of a stream", () => {
    const events = ["a", "b", "c", "d"].map((text) => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`);
    const responseBody = Buffer.from(`${events.join("")}data: [DONE]\n\n`);
    const begin = beginOf({ streamed: true });
    const end = endOf({ ttfbMs: 100, latencyMs: 400 });
    const seen = count(exchangeOf({ begin, end, responseBody }));
    const distribution = (name: keyof typeof seen) => seen[name]?.[0]?.value as Distribution;
    expect(distribution("gen_ai_client_operation_time_to_first_chunk_seconds").sum).toBe(0.1);
    const between = distribution("gen_ai_client_operation_time_per_output_chunk_seconds");
    expect(between.sum).toBeCloseTo(0.3, 9);
    expect(between.counts.reduce((sum, n) => sum + n, 0)).toBe(3);
  });

  it("names outcome, code and whose fault it was", () => {
    const outcome = (one: Outcome, statusCode: number, errorCode: string | null) =>
      count(ended({ outcome: one, statusCode, errorCode })).loom_exchanges_total?.[0]?.labels;
    expect(outcome("complete", 200, null)).toEqual(["complete", "", "none"]);
    expect(outcome("refused", 404, "model_not_found")).toEqual(["refused", "model_not_found", "caller"]);
    expect(outcome("refused", 400, "provider_not_configured")).toEqual([
      "refused",
      "provider_not_configured",
      "policy",
    ]);
    expect(outcome("error", 502, "upstream_unreachable")).toEqual(["error", "upstream_unreachable", "provider"]);
    expect(outcome("truncated", 200, "upstream_cut")).toEqual(["truncated", "upstream_cut", "provider"]);
    expect(outcome("aborted", 499, "client_gone")).toEqual(["aborted", "client_gone", "caller"]);
    expect(outcome("error", 500, "record_failed")).toEqual(["error", "record_failed", "loom"]);
    expect(outcome("interrupted", 0, null)).toEqual(["interrupted", "interrupted", "loom"]);
  });

  it("counts attempts under the provider that was tried", () => {
    const attempt = { model: "m", errorCode: null, startedMs: 0, endedMs: 1 };
    const attempts = [
      { ...attempt, provider: "eu", kind: "azure-openai", status: 429 },
      { ...attempt, provider: "openai", kind: "openai", status: 200 },
    ];
    expect(count(ended({ attempts })).loom_attempts_total).toEqual([
      { labels: ["azure.ai.openai", "4xx"], value: 1 },
      { labels: ["openai", "2xx"], value: 1 },
    ]);
  });

  it("does not grow with 10,000 invented model names", () => {
    const store = new MetricStore();
    const names = new ModelNames();
    const sizeAfter = (from: number, to: number): number => {
      for (let n = from; n < to; n += 1) {
        const exchange = ended({
          upstreamModel: `invented-${n}`,
          providerKind: "openai-compatible",
          provider: `p${n}`,
        });
        countExchange(store, names, exchange, account(exchange, prices));
      }
      return writeExposition(store.snapshot()).split("\n").length;
    };
    const first = sizeAfter(0, 100);
    expect(sizeAfter(100, 10_000)).toBe(first);
    expect(first).toBeLessThan(5000);
  });
});

describe("the events of an answer", () => {
  it("are counted without the terminal one", () => {
    expect(countEvents(Buffer.from("data: 1\n\ndata: 2\r\n\r\nevent: x\ndata: 3\n\ndata: [DONE]\n\n"))).toBe(3);
    expect(countEvents(Buffer.from("data: 1\n\ndata: 2"))).toBe(2);
    expect(countEvents(Buffer.from(""))).toBe(0);
  });
});
