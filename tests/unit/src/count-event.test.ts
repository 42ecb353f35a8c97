import { describe, expect, it } from "vitest";
import { countEvent } from "../../../src/count-event.js";
import type { LoomEvent } from "../../../src/report/events.js";
import { MetricStore } from "../../../src/report/metric-store.js";

function count(...events: LoomEvent[]): Record<string, unknown> {
  const store = new MetricStore();
  for (const event of events) countEvent(store, event);
  const points = Object.entries(store.snapshot()).flatMap(([name, list]) =>
    list.map(
      ({ labels, value }) => [[name, ...labels].join(" "), typeof value === "object" ? value.sum : value] as const,
    ),
  );
  return Object.fromEntries(points);
}

describe("what events add to the metrics", () => {
  it("counts a refusal by its code, unless a lane counts it", () => {
    const refused = { name: "exchange_refused", code: "invalid_api_key", path: "/v1/models" } as const;
    expect(count(refused, { ...refused, recorded: true })).toEqual({
      "loom_exchanges_total refused invalid_api_key caller": 1,
    });
    expect(count({ name: "exchange_failed", code: "record_failed", traceId: "t", message: "m" })).toEqual({
      "loom_exchanges_total error record_failed loom": 1,
    });
  });

  it("counts what is committed, set aside, lost and replayed", () => {
    const seen = count(
      { name: "traces_recorded", lane: 1, rows: 5, bytes: 10, ms: 2000 },
      { name: "trace_dead", lane: 1, id: "i", tenantId: "t", reason: "r" },
      { name: "traces_lost", lane: 1, ids: ["a", "b"], reason: "r" },
      { name: "exchange_unrecorded", lane: 1, traceId: "t", tenantId: "t", reason: "r" },
      { name: "lane_crashed", lane: 1, reason: "r", exchanges: 2 },
      { name: "spool_failed", lane: 1, what: "write", reason: "r" },
      { name: "lane_started", lane: 1 },
    );
    expect(seen).toEqual({
      "loom_copy_rows_total 1": 5,
      "loom_copy_bytes_total 1": 10,
      "loom_copy_seconds 1": 2,
      loom_dead_rows_total: 1,
      loom_traces_lost_total: 2,
      loom_unrecorded_exchanges_total: 1,
      loom_lane_crashes_total: 1,
      loom_spool_failures_total: 1,
    });
  });

  it("takes over what a lane has counted", () => {
    const delta = { loom_spans_dropped_total: [{ labels: ["queue_full"], value: 3 }] };
    expect(count({ name: "lane_metrics", lane: 0, delta }, { name: "lane_metrics", lane: 0, delta })).toEqual({
      "loom_spans_dropped_total queue_full": 6,
    });
  });
});
