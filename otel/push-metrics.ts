// A snapshot of the process's metrics, pushed to a collector by OTLP. Runs in a worker of its own, only when
// OTEL_METRICS_EXPORTER asks for it: the numbers are those of /metrics, under the names of the conventions.
import { type HrTime, ValueType } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import type { MetricSnapshot, Point } from "../src/report/metric-store.js";
import { familyOf, type MetricFamily, type MetricName } from "../src/report/metric-table.js";
import { schemaUrl } from "./names.js";
import { readResource } from "./open-exporter.js";
import { hrTimeOf } from "./span-model.js";

export type MetricsPush = {
  readonly snapshot: MetricSnapshot;
  readonly protocol: "http/protobuf" | "grpc";
  /** Unix ms: since when counters count, and now. */
  readonly startedAtMs: number;
  readonly nowMs: number;
};

type Times = { readonly startTime: HrTime; readonly endTime: HrTime };

/** What a unit in the Prometheus name becomes: OTLP has it in a field of its own, but a name must stay one of its kind. */
const units = {
  seconds: { ending: ".duration", unit: "s" },
  bytes: { ending: ".size", unit: "By" },
  usd: { ending: "", unit: "USD" },
} as const;

export function otlpNameOf(name: MetricName): { readonly name: string; readonly unit: string } {
  const { otlp } = familyOf(name);
  if (otlp !== undefined) return otlp;
  const [, bare = name, found] = /^(.*?)(?:_(seconds|bytes|usd))?(?:_total)?$/.exec(name) ?? [];
  const { ending, unit } = found === undefined ? { ending: "", unit: "1" } : units[found as keyof typeof units];
  return { name: bare.replace(/^(loom|process)_/, "$1.") + ending, unit };
}

/** `gen_ai_request_model` is `gen_ai.request.model`; a label of Loom's own is as it is. */
const attributeNames: ReadonlyMap<string, string> = new Map([
  ["gen_ai_operation_name", "gen_ai.operation.name"],
  ["gen_ai_provider_name", "gen_ai.provider.name"],
  ["gen_ai_request_model", "gen_ai.request.model"],
  ["gen_ai_token_type", "gen_ai.token.type"],
  ["error_type", "error.type"],
]);

function attributesOf({ labels: names }: MetricFamily, { labels }: Point): Record<string, string> {
  const pairs = names.flatMap((name, at): [string, string][] => {
    const value = labels[at] ?? "";
    return value === "" ? [] : [[attributeNames.get(name) ?? name, value]];
  });
  return Object.fromEntries(pairs);
}

function numberOf({ value }: Point): number {
  return typeof value === "number" ? value : value.sum;
}

function histogramOf({ buckets = [] }: MetricFamily, { value }: Point): Histogram {
  const { counts, sum } = typeof value === "number" ? { counts: [], sum: value } : value;
  const count = counts.reduce((all, one) => all + one, 0);
  return { buckets: { boundaries: [...buckets], counts: [...counts] }, sum, count };
}

export function metricDataOf(name: MetricName, points: readonly Point[], times: Times): MetricData {
  const family = familyOf(name);
  const descriptor = { ...otlpNameOf(name), description: family.help, valueType: ValueType.DOUBLE };
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  const dataPoint = <Value>(point: Point, value: Value): DataPoint<Value> => ({
    ...times,
    attributes: attributesOf(family, point),
    value,
  });
  if (family.kind === "histogram") {
    const dataPoints = points.map((point) => dataPoint(point, histogramOf(family, point)));
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = points.map((point) => dataPoint(point, numberOf(point)));
  if (family.kind === "gauge") {
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints };
  }
  return { descriptor, aggregationTemporality, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: true };
}

async function makeExporter(protocol: MetricsPush["protocol"]): Promise<PushMetricExporter> {
  if (protocol === "grpc") {
    const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-grpc");
    return new OTLPMetricExporter();
  }
  const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-proto");
  return new OTLPMetricExporter();
}

/** Rejects with an Error when the collector does not take them; the next push has all of it again. */
export async function pushMetrics({ snapshot, protocol, startedAtMs, nowMs }: MetricsPush): Promise<void> {
  const times = { startTime: hrTimeOf(startedAtMs), endTime: hrTimeOf(nowMs) };
  const metrics = (Object.entries(snapshot) as [MetricName, readonly Point[]][]).map(([name, points]) =>
    metricDataOf(name, points, times),
  );
  const exporter = await makeExporter(protocol);
  const scopeMetrics = [{ scope: { name: "loom", schemaUrl }, metrics }];
  const result = await new Promise<ExportResult>((resolve) =>
    exporter.export({ resource: readResource(), scopeMetrics }, resolve),
  );
  await exporter.shutdown();
  if (result.code !== ExportResultCode.SUCCESS) throw result.error ?? new Error("the collector refused them");
}
