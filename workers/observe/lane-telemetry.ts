// What a lane tells the outside of finished exchanges: metrics, spans and log lines. All of it is made here, off the
// path, and goes to the main thread in a few messages a second; nothing of it may fail an exchange.
import { SpanExport } from "../../otel/span-export.js";
import type { LoomEvent } from "../../src/report/events.js";
import { makeLineWriter } from "../../src/report/line-writer.js";
import { MetricStore } from "../../src/report/metric-store.js";
import type { TelemetrySettings } from "../../src/trace/lane-messages.js";
import type { FinishedExchange } from "../../src/trace/record.js";
import type { Accounted } from "../account/account.js";
import type { RowOrigin } from "../persist/trace-row.js";
import { countExchange } from "./count-exchange.js";
import { exchangeLine, levelOf } from "./exchange-line.js";
import { ModelNames } from "./model-names.js";

export type LaneTelemetryOptions = {
  readonly lane: number;
  /** Nothing is told without them. */
  readonly settings: TelemetrySettings | undefined;
  readonly emit: (event: LoomEvent) => void;
  /** How the lane stands when metrics are told. */
  readonly read: () => { readonly spoolBytes: number; readonly lagSeconds: number };
};

/** Whether the exchange ended in this process, or was found in the spool of one that is gone. */
export type Found = "live" | "replayed";

const tellEveryMs = 1000;
const spansDeadlineMs = 3000;
const linesEveryMs = 100;
/** Lines that wait for the main thread; more are dropped and counted. */
const lineCharactersMax = 4 * 1024 * 1024;

export class LaneTelemetry {
  readonly #options: LaneTelemetryOptions;
  readonly #metrics = new MetricStore();
  readonly #names = new ModelNames();
  readonly #lines: ReturnType<typeof makeLineWriter>;
  readonly #spans: SpanExport | null;
  readonly #telling: NodeJS.Timeout;
  #lineCharacters = 0;
  #linesDue: NodeJS.Timeout | null = null;

  constructor(options: LaneTelemetryOptions) {
    this.#options = options;
    const { settings, lane, emit } = options;
    this.#lines = makeLineWriter(settings?.logLevel ?? "silent");
    const spans = settings?.spans ?? null;
    this.#spans = spans === null ? null : new SpanExport({ settings: spans, lane, metrics: this.#metrics, emit });
    this.#telling = setInterval(() => this.#tell(), tellEveryMs).unref();
  }

  /** Never throws. */
  note(exchange: FinishedExchange, accounted: Accounted, origin: RowOrigin, found: Found): void {
    if (this.#options.settings === undefined) return;
    try {
      // What another process finished, it has counted and logged itself.
      if (found === "live" || exchange.end.outcome === "interrupted") {
        countExchange(this.#metrics, this.#names, exchange, accounted);
        this.#log(exchange, accounted);
      }
      this.#spans?.add(exchange, accounted, origin);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#lines.logger.error({ id: exchange.begin.id, message }, "telemetry_failed");
    }
  }

  /** Tells what is left; spans have a few seconds to be delivered. */
  async stop(): Promise<void> {
    clearInterval(this.#telling);
    await this.#spans?.stop(spansDeadlineMs);
    this.#tellLines();
    this.#tell();
  }

  #log(exchange: FinishedExchange, accounted: Accounted): void {
    const level = levelOf(exchange, accounted);
    const { settings } = this.#options;
    const { logger } = this.#lines;
    if (!logger.isLevelEnabled(level)) return;
    if (accounted.outcome === "complete" && Math.random() >= (settings?.lineRatio ?? 0)) return;
    if (this.#lineCharacters > lineCharactersMax) {
      this.#metrics.add("loom_log_lines_dropped_total", []);
      return;
    }
    logger[level](exchangeLine(exchange, accounted), "exchange");
    this.#lineCharacters += 512;
    this.#linesDue ??= setTimeout(() => this.#tellLines(), linesEveryMs).unref();
  }

  #tellLines(): void {
    if (this.#linesDue !== null) clearTimeout(this.#linesDue);
    this.#linesDue = null;
    this.#lineCharacters = 0;
    const lines = this.#lines.take();
    if (lines !== "") this.#options.emit({ name: "exchange_lines", lane: this.#options.lane, lines });
  }

  #tell(): void {
    const { lane, emit, read } = this.#options;
    const label = [String(lane)];
    const { spoolBytes, lagSeconds } = read();
    this.#metrics.set("loom_spool_bytes", label, spoolBytes);
    this.#metrics.set("loom_recording_lag_seconds", label, lagSeconds);
    if (this.#spans !== null) this.#metrics.set("loom_spans_queued", label, this.#spans.queued);
    const delta = this.#metrics.takeDelta();
    if (delta !== null) emit({ name: "lane_metrics", lane, delta });
  }
}
