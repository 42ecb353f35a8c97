import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import type { OpenedExporter } from "../../../otel/open-exporter.js";
import { type ExportOutcome, SpanExport } from "../../../otel/span-export.js";
import { PriceList } from "../../../src/prices/price-list.js";
import type { LoomEvent } from "../../../src/report/events.js";
import { MetricStore } from "../../../src/report/metric-store.js";
import { account } from "../../../workers/account/account.js";
import { endOf, exchangeOf, testBoot, testNode } from "../../support/exchanges.js";

const prices = new PriceList();
const origin = { nodeId: testNode, bootId: testBoot, lane: 0 };
const settings = {
  protocol: "http/protobuf",
  sampler: { parent: "followed", ratio: 1 },
  slowMs: 1000,
  captureContent: false,
} as const;

/** A collector in the test's hands, behind an exporter that takes `queueMax` spans. */
function open(queueMax: number, ready: Promise<void> = Promise.resolve()) {
  const metrics = new MetricStore();
  const events: LoomEvent[] = [];
  const queued: ReadableSpan[] = [];
  let outcome: ExportOutcome | null = null;
  const exporter: OpenedExporter = {
    origin: { resource: resourceFromAttributes({}), scope: { name: "loom" } },
    queueMax,
    add: (span) => queued.push(span),
    stop: () => Promise.reject(new Error("it cannot be flushed")),
  };
  const spans = new SpanExport({
    settings,
    lane: 0,
    metrics,
    emit: (event) => events.push(event),
    open: async (_settings, told) => {
      outcome = told;
      await ready;
      return exporter;
    },
  });
  return {
    spans,
    queued,
    events,
    add: (times = 1) => {
      for (let n = 0; n < times; n += 1) {
        const exchange = exchangeOf();
        spans.add(exchange, account(exchange, prices), origin);
      }
    },
    /** The exporter takes a batch, and the collector answers. */
    deliver: (count: number, error: Error | null = null) => {
      queued.splice(0, count);
      outcome?.onTaken(count);
      outcome?.onDone(count, error);
    },
    dropped: () =>
      Object.fromEntries((metrics.snapshot().loom_spans_dropped_total ?? []).map((p) => [p.labels[0], p.value])),
    exported: () => metrics.snapshot().loom_spans_exported_total?.[0]?.value ?? 0,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the spans of a lane", () => {
  it("wait within the bounds of the queue, and an exchange that does not fit whole is dropped whole", async () => {
    const world = open(10);
    await turn();
    world.add(5);
    expect([world.queued.length, world.spans.queued, world.dropped()]).toEqual([9, 9, { queue_full: 6 }]);
    world.deliver(9);
    world.add();
    expect([world.queued.length, world.spans.queued, world.exported()]).toEqual([3, 3, 9]);
  });

  it("wait for the SDK to be loaded, and are lost with a count when it cannot be", async () => {
    let load: (() => void) | undefined;
    const world = open(
      100,
      new Promise((resolve) => {
        load = resolve;
      }),
    );
    world.add(2);
    expect([world.queued.length, world.spans.queued]).toEqual([0, 6]);
    load?.();
    await turn();
    expect([world.queued.length, world.spans.queued]).toEqual([6, 6]);
    const broken = open(100, Promise.reject(new Error("no such module")));
    broken.add(2);
    await turn();
    broken.add(1);
    expect(broken.dropped()).toEqual({ off: 9 });
    expect(broken.events).toEqual([{ name: "spans_failing", lane: 0, reason: "no such module" }]);
  });

  it("are counted once whatever the collector does, which is told once in each direction", async () => {
    const world = open(100);
    await turn();
    world.add(4);
    for (const error of [new Error("500"), new Error("again"), null, null]) world.deliver(3, error);
    expect([world.exported(), world.dropped(), world.spans.queued]).toEqual([6, { collector: 6 }, 0]);
    expect(world.events).toEqual([
      { name: "spans_failing", lane: 0, reason: "500" },
      { name: "spans_delivered", lane: 0, dropped: 6 },
    ]);
  });

  it("that wait at the end are counted as dropped", async () => {
    const world = open(100);
    await turn();
    world.add(2);
    await world.spans.stop(20);
    world.add(1);
    expect(world.dropped()).toEqual({ stopped: 6, off: 3 });
  });
});

describe("what is kept", () => {
  const sampledAway = { ...settings, sampler: { parent: "followed", ratio: 0 } as const };

  it.each([
    ["complete", 200, 12, false],
    ["complete", 200, 1000, true],
    ["error", 429, 12, true],
    ["truncated", 200, 12, true],
    ["interrupted", 0, 0, true],
    ["refused", 404, 12, false],
    ["refused", 503, 12, true],
    ["aborted", 499, 12, false],
  ] as const)(
    "of a sampler that keeps nothing: %s with %i after %i ms is kept: %s",
    async (outcome, status, ms, kept) => {
      const { keepsTrace } = await import("../../../otel/keeps-trace.js");
      const exchange = exchangeOf({ end: endOf({ outcome, statusCode: status, latencyMs: ms }) });
      expect(keepsTrace(exchange, outcome, sampledAway)).toBe(kept);
    },
  );
});
