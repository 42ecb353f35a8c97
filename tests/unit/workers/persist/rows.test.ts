import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { PriceList } from "../../../../src/prices/price-list.js";
import { account } from "../../../../workers/account/account.js";
import { Batch } from "../../../../workers/persist/batch.js";
import { BinaryCopy } from "../../../../workers/persist/binary-copy.js";
import { rollUp } from "../../../../workers/persist/rollups.js";
import { columnText, makeTraceRow } from "../../../../workers/persist/trace-row.js";
import {
  beginOf,
  exchangeOf,
  rowOf,
  sealedBodiesOf,
  testBoot,
  testKeySalt,
  testNode,
} from "../../../support/exchanges.js";

const origin = { nodeId: testNode, bootId: testBoot, lane: 0 };
const prices = new PriceList();

describe("the text of a column", () => {
  it("is unchanged when there is nothing to change", () => {
    expect(columnText("plain 漢字 👍")).toBe("plain 漢字 👍");
  });

  it("is always well-formed, without NUL and within its bound of code points", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), fc.nat(2000), (text, cut) => {
        const clean = columnText(`${text.slice(0, cut)}\ud83d\0${"👍".repeat(cut)}`);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean.includes("\0")).toBe(false);
        expect([...clean].length).toBeLessThanOrEqual(limits.columnTextMax);
      }),
    );
    expect(columnText("👍".repeat(600))).toBe("👍".repeat(512));
  });
});

describe("a row of an exchange", () => {
  it("carries usage, cost and outcome from the answer", () => {
    const exchange = exchangeOf();
    const row = makeTraceRow(exchange, account(exchange, prices), origin);
    expect(row).toMatchObject({
      outcome: "complete",
      promptTokens: 10,
      completionTokens: 5,
      totalTokens: 15,
      cachedTokens: null,
      usageSource: "provider",
      costUsd: "0.0000045000",
      attempts: 1,
    });
  });

  it("keeps only so many tags, each of them clean", () => {
    const begin = beginOf({ tags: Array.from({ length: 40 }, (_, index) => `t\0${index}`) });
    const row = makeTraceRow(exchangeOf({ begin }), account(exchangeOf(), prices), origin);
    expect(row.tags.length).toBe(limits.tagsMax);
    expect(row.tags[3]).toBe("t3");
  });
});

describe("a batch", () => {
  it("is as before after a row that cannot be encoded", () => {
    const batch = new Batch(new BinaryCopy(64));
    const good = rowOf();
    batch.add(good, sealedBodiesOf(good), testKeySalt);
    const bytes = Buffer.from(batch.encoded({ from: 0, to: 1 }));
    expect(() => batch.add(rowOf({ attempts: 1e9 }), sealedBodiesOf(good), testKeySalt)).toThrow(RangeError);
    expect(batch.rows.length).toBe(1);
    expect(batch.encoded({ from: 0, to: 1 }).equals(bytes)).toBe(true);
    batch.add(good, sealedBodiesOf(good), testKeySalt);
    expect(batch.encoded({ from: 0, to: 2 }).length).toBe(batch.copy.length);
    expect(batch.encoded({ from: 0, to: 1 }).equals(bytes)).toBe(true);
  });
});

describe("rollups", () => {
  it("sum rows by minute, tenant, key, provider and model, with null as an empty name", () => {
    const at = Date.UTC(2026, 10, 21, 12, 30);
    const base = { createdAtMs: at + 59_999.9, costUsd: "0.1000000000", latencyMs: 10, ttfbMs: null };
    const rollups = rollUp([
      rowOf(base),
      rowOf({ ...base, createdAtMs: at, outcome: "error", streamed: false, promptTokens: null, costUsd: null }),
      rowOf({ ...base, createdAtMs: at + 60_000 }),
      rowOf({ ...base, provider: null, model: null, usageSource: "none", costUsd: null, ttfbMs: 3 }),
    ]);
    expect(rollups.length).toBe(3);
    const [first, , nameless] = rollups;
    expect(first).toMatchObject({
      minuteMs: at,
      requests: 2,
      streamed: 1,
      promptTokens: 10,
      unpriced: 1,
      latencySumMs: 20,
    });
    expect(first?.outcomes).toMatchObject({ complete: 1, error: 1, refused: 0 });
    expect(first?.costUsd).toBe("0.1000000000");
    expect(first?.ttfb.toSparse().buckets).toEqual([]);
    expect(nameless).toMatchObject({ provider: "", model: "", unpriced: 0, costUsd: "0.0000000000", ttfbSumMs: 3 });
  });

  it("add money exactly", () => {
    const rows = Array.from({ length: 1000 }, () => rowOf({ createdAtMs: 0, costUsd: "0.1000000001" }));
    expect(rollUp(rows)[0]?.costUsd).toBe("100.0000001000");
  });
});
