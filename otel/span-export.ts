// The spans of a lane on their way to a collector: chosen, made, queued within bounds, and counted whatever becomes of
// them. The SDK is loaded only here, and only when there is a collector; until it is, spans wait in the same bounds.
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { LoomEvent } from "../src/report/events.js";
import type { MetricStore } from "../src/report/metric-store.js";
import type { SpanSettings } from "../src/trace/lane-messages.js";
import type { FinishedExchange } from "../src/trace/record.js";
import type { Accounted } from "../workers/account/account.js";
import type { RowOrigin } from "../workers/persist/trace-row.js";
import { exchangeSpans } from "./exchange-spans.js";
import { keepsTrace } from "./keeps-trace.js";
import type { OpenedExporter } from "./open-exporter.js";
import { makeSpan, type SpanDraft } from "./span-model.js";

export type SpanExportOptions = {
  readonly settings: SpanSettings;
  readonly lane: number;
  readonly metrics: MetricStore;
  readonly emit: (event: LoomEvent) => void;
  /** For tests; `open-exporter.ts` else. */
  readonly open?: (settings: SpanSettings, outcome: ExportOutcome) => Promise<OpenedExporter>;
};

/** Told of every batch: when it leaves the queue, and what became of it. */
export type ExportOutcome = {
  onTaken(spans: number): void;
  /** `error` null: the collector has them. */
  onDone(spans: number, error: Error | null): void;
};

/** Before the queue's size is known; the specification's default. */
const firstQueueMax = 2048;

async function openReal(settings: SpanSettings, outcome: ExportOutcome): Promise<OpenedExporter> {
  const { openExporter } = await import("./open-exporter.js");
  return openExporter(settings.protocol, outcome);
}

export class SpanExport {
  readonly #options: SpanExportOptions;
  readonly #opening: Promise<void>;
  #exporter: OpenedExporter | null = null;
  #early: SpanDraft[] = [];
  /** Handed to the SDK's processor and not taken by its exporter. */
  #queued = 0;
  #sending = 0;
  #dropped = 0;
  #state: "delivering" | "failing" | "off" = "delivering";

  constructor(options: SpanExportOptions) {
    this.#options = options;
    const { settings, open = openReal } = options;
    const outcome: ExportOutcome = {
      onTaken: (spans) => {
        this.#queued -= spans;
        this.#sending += spans;
      },
      onDone: (spans, error) => this.#note(spans, error),
    };
    this.#opening = open(settings, outcome).then(
      (exporter) => this.#start(exporter),
      (error: unknown) => this.#turnOff(error),
    );
  }

  /** Spans that wait. */
  get queued(): number {
    return this.#early.length + this.#queued;
  }

  /** Takes all spans of an exchange, or none: half a trace helps nobody. */
  add(exchange: FinishedExchange, accounted: Accounted, origin: RowOrigin): void {
    const { settings } = this.#options;
    if (!keepsTrace(exchange, accounted.outcome, settings)) return;
    const count = exchange.end.attempts.length === 0 ? 1 : 2 + exchange.end.attempts.length;
    const max = this.#exporter?.queueMax ?? firstQueueMax;
    if (this.#state === "off" || this.queued + count > max) {
      this.#drop(count, this.#state === "off" ? "off" : "queue_full");
      return;
    }
    this.#queue(exchangeSpans({ exchange, accounted, origin, captureContent: settings.captureContent }));
  }

  /** Delivers what waits within `deadlineMs`; the rest is counted as dropped. */
  async stop(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    // What cannot be delivered is counted below; it must not keep a lane from its end.
    const stopped = this.#opening.then(() => this.#exporter?.stop()).catch(() => undefined);
    await Promise.race([stopped, deadline]);
    clearTimeout(timer);
    const left = this.queued + this.#sending;
    if (left > 0) this.#drop(left, "stopped");
    this.#state = "off";
    this.#early = [];
    this.#queued = 0;
    this.#sending = 0;
  }

  #start(exporter: OpenedExporter): void {
    if (this.#state === "off") return;
    this.#exporter = exporter;
    const early = this.#early;
    this.#early = [];
    this.#queue(early);
  }

  #queue(drafts: readonly SpanDraft[]): void {
    const exporter = this.#exporter;
    if (exporter === null) {
      this.#early.push(...drafts);
      return;
    }
    // Before the processor has them: a full batch leaves within this call.
    this.#queued += drafts.length;
    for (const draft of drafts) exporter.add(makeSpan(draft, exporter.origin) satisfies ReadableSpan);
  }

  #note(spans: number, error: Error | null): void {
    if (this.#state === "off") return;
    this.#sending -= spans;
    const { metrics, emit, lane } = this.#options;
    if (error === null) {
      metrics.add("loom_spans_exported_total", [], spans);
      if (this.#state === "failing") emit({ name: "spans_delivered", lane, dropped: this.#dropped });
      this.#state = "delivering";
      return;
    }
    this.#drop(spans, "collector");
    if (this.#state === "delivering") emit({ name: "spans_failing", lane, reason: error.message });
    this.#state = "failing";
  }

  #drop(spans: number, reason: string): void {
    this.#dropped += spans;
    this.#options.metrics.add("loom_spans_dropped_total", [reason], spans);
  }

  #turnOff(error: unknown): void {
    const { emit, lane } = this.#options;
    this.#drop(this.#early.length, "off");
    this.#early = [];
    this.#state = "off";
    emit({ name: "spans_failing", lane, reason: error instanceof Error ? error.message : String(error) });
  }
}
