// The OpenTelemetry SDK, set up from the OTEL_ variables of the worker's environment: exporter, resource and batches.
// Loaded by span-export.ts when there is a collector, and by nobody else.
import { type ExportResult, ExportResultCode, getNumberFromEnv } from "@opentelemetry/core";
import { defaultResource, detectResources, envDetector, type Resource } from "@opentelemetry/resources";
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import type { SpanSettings } from "../src/trace/lane-messages.js";
import { schemaUrl } from "./names.js";
import type { ExportOutcome } from "./span-export.js";
import type { SpanOrigin } from "./span-model.js";

export type OpenedExporter = {
  readonly origin: SpanOrigin;
  /** OTEL_BSP_MAX_QUEUE_SIZE: what the processor holds; more it drops. */
  readonly queueMax: number;
  add(span: ReadableSpan): void;
  /** Sends what waits. */
  stop(): Promise<void>;
};

const defaults = { queue: 2048, batch: 512, delayMs: 5000, timeoutMs: 30_000 };

/** Tells of every batch; the SDK itself tells nobody what it loses. */
class CountingExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #outcome: ExportOutcome;

  constructor(exporter: SpanExporter, outcome: ExportOutcome) {
    this.#exporter = exporter;
    this.#outcome = outcome;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#outcome.onTaken(spans.length);
    this.#exporter.export(spans, (result) => {
      const failed = result.code !== ExportResultCode.SUCCESS;
      this.#outcome.onDone(spans.length, failed ? (result.error ?? new Error("the collector refused them")) : null);
      // A batch that is lost is counted above; to the processor it is done, so that it says nothing of its own.
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

/** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES over the SDK's own. */
export function readResource(): Resource {
  return defaultResource().merge(detectResources({ detectors: [envDetector] }));
}

async function makeExporter(protocol: SpanSettings["protocol"]): Promise<SpanExporter> {
  if (protocol === "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
    return new OTLPTraceExporter();
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}

function positive(name: string, otherwise: number): number {
  const value = getNumberFromEnv(name);
  return value !== undefined && value > 0 ? value : otherwise;
}

export async function openExporter(
  protocol: SpanSettings["protocol"],
  outcome: ExportOutcome,
): Promise<OpenedExporter> {
  const exporter = new CountingExporter(await makeExporter(protocol), outcome);
  const queueMax = positive("OTEL_BSP_MAX_QUEUE_SIZE", defaults.queue);
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: queueMax,
    maxExportBatchSize: Math.min(queueMax, positive("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", defaults.batch)),
    scheduledDelayMillis: positive("OTEL_BSP_SCHEDULE_DELAY", defaults.delayMs),
    exportTimeoutMillis: positive("OTEL_BSP_EXPORT_TIMEOUT", defaults.timeoutMs),
  });
  return {
    origin: { resource: readResource(), scope: { name: "loom", schemaUrl } },
    queueMax,
    add: (span) => processor.onEnd(span),
    stop: () => processor.shutdown(),
  };
}
