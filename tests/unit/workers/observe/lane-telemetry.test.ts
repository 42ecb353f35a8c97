import { describe, expect, it } from "vitest";
import { PriceList } from "../../../../src/prices/price-list.js";
import type { LoomEvent } from "../../../../src/report/events.js";
import type { FinishedExchange } from "../../../../src/trace/record.js";
import { account } from "../../../../workers/account/account.js";
import { type Found, LaneTelemetry } from "../../../../workers/observe/lane-telemetry.js";
import { endOf, exchangeOf, testBoot, testNode } from "../../../support/exchanges.js";

const prices = new PriceList();
const origin = { nodeId: testNode, bootId: testBoot, lane: 0 };

async function tell(
  lineRatio: number,
  exchanges: readonly (readonly [FinishedExchange, Found])[],
  logLevel = "info",
): Promise<{ lines: Record<string, unknown>[]; outcomes: unknown[] }> {
  const events: LoomEvent[] = [];
  const telemetry = new LaneTelemetry({
    lane: 0,
    settings: { lineRatio, logLevel, spans: null },
    emit: (event) => events.push(event),
    read: () => ({ spoolBytes: 7, lagSeconds: 0.5 }),
  });
  for (const [exchange, found] of exchanges) telemetry.note(exchange, account(exchange, prices), origin, found);
  await telemetry.stop();
  return {
    lines: events.flatMap((event) =>
      event.name === "exchange_lines"
        ? event.lines
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line) as Record<string, unknown>)
        : [],
    ),
    outcomes: events.flatMap((event) =>
      event.name === "lane_metrics" ? (event.delta.loom_exchanges_total ?? []).map(({ labels }) => labels[0]) : [],
    ),
  };
}

const failed = exchangeOf({ end: endOf({ outcome: "truncated", errorCode: "upstream_cut" }) });

describe("what a lane tells", () => {
  it("is a line for every failure and for a share of the rest", async () => {
    const all = Array.from({ length: 50 }, () => [exchangeOf(), "live"] as const);
    const { lines } = await tell(0, [...all, [failed, "live"]]);
    expect(lines.map(({ outcome }) => outcome)).toEqual(["truncated"]);
    expect((await tell(1, all)).lines).toHaveLength(50);
    const half = (await tell(0.5, [...all, ...all, ...all, ...all])).lines.length;
    expect(half).toBeGreaterThan(50);
    expect(half).toBeLessThan(150);
    expect((await tell(1, all, "warn")).lines).toEqual([]);
  });

  it("leaves out what another process has told itself, but not what it could not finish", async () => {
    const interrupted = exchangeOf({ end: endOf({ outcome: "interrupted", attempts: [] }) });
    const { lines, outcomes } = await tell(1, [
      [exchangeOf(), "replayed"],
      [interrupted, "replayed"],
    ]);
    expect(lines.map(({ outcome }) => outcome)).toEqual(["interrupted"]);
    expect(outcomes).toEqual(["interrupted"]);
  });
});
