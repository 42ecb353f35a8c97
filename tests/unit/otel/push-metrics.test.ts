import { DataPointType } from "@opentelemetry/sdk-metrics";
import { describe, expect, it } from "vitest";
import { metricDataOf, otlpNameOf } from "../../../otel/push-metrics.js";
import { MetricStore } from "../../../src/report/metric-store.js";
import { type MetricName, metricTable } from "../../../src/report/metric-table.js";

const times: Parameters<typeof metricDataOf>[2] = { startTime: [1, 0], endTime: [2, 0] };

describe("metrics by OTLP", () => {
  it("have the names and units of the conventions, and Loom's own with their unit apart", () => {
    expect(otlpNameOf("gen_ai_client_operation_duration_seconds")).toEqual({
      name: "gen_ai.client.operation.duration",
      unit: "s",
    });
    expect(otlpNameOf("loom_overhead_seconds")).toEqual({ name: "loom.overhead.duration", unit: "s" });
    expect(otlpNameOf("loom_exchanges_total")).toEqual({ name: "loom.exchanges", unit: "1" });
    expect(otlpNameOf("loom_copy_bytes_total")).toEqual({ name: "loom.copy.size", unit: "By" });
  });

  it("have each a name of their own", () => {
    const names = (Object.keys(metricTable) as MetricName[]).map((name) => otlpNameOf(name).name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z][a-z_.]*$/.test(name))).toEqual([]);
  });

  it("carry the same buckets and sums as /metrics", () => {
    const store = new MetricStore();
    store.observe("gen_ai_client_operation_duration_seconds", ["chat", "openai", "gpt-4o", ""], 0.03, 2);
    const points = store.snapshot().gen_ai_client_operation_duration_seconds ?? [];
    const sent = metricDataOf("gen_ai_client_operation_duration_seconds", points, times);
    expect(sent.dataPointType).toBe(DataPointType.HISTOGRAM);
    expect(sent.dataPoints[0]).toMatchObject({
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
      },
      value: { sum: 0.06, count: 2 },
    });
    const counter = metricDataOf("loom_dead_rows_total", [{ labels: [], value: 3 }], times);
    expect(counter).toMatchObject({ dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: [{ value: 3 }] });
    const gauge = metricDataOf("loom_spool_bytes", [{ labels: ["0"], value: 3 }], times);
    expect(gauge).toMatchObject({ dataPointType: DataPointType.GAUGE, dataPoints: [{ attributes: { lane: "0" } }] });
  });
});
