// Turns named events into log lines and counters. The only place that logs; everything else emits events.
import { type Logger, pino } from "pino";
import type { LoomEvent } from "./events.js";
import { MetricStore, type Point } from "./metric-store.js";

/** Levels as words, so that no reader needs a table. */
export const lineFormatters = { level: (label: string) => ({ level: label }) };

type Level = "error" | "warn" | "info" | "debug";

const levels: Readonly<Record<LoomEvent["name"], Level>> = {
  exchange_refused: "info",
  exchange_failed: "error",
  exchange_unrecorded: "error",
  traces_recorded: "debug",
  traces_repeated: "debug",
  batch_split: "debug",
  trace_dead: "error",
  traces_lost: "error",
  traces_left: "warn",
  spool_failed: "error",
  spool_damaged: "error",
  spool_replayed: "info",
  process_died: "error",
  process_failed: "error",
  processes_replaced: "info",
  lane_started: "debug",
  lane_crashed: "error",
  database_away: "warn",
  database_back: "info",
  checkpoint_failed: "error",
  ledger_checkpoint: "info",
  partition_missing: "error",
  partition_dropped: "info",
  maintenance_failed: "error",
  pool_replaced: "warn",
  master_keys_changed: "info",
  master_keys_unusable: "error",
  lane_metrics: "debug",
  exchange_lines: "info",
  spans_failing: "warn",
  spans_delivered: "info",
  metrics_push_failed: "warn",
  settings_changed: "debug",
  provider_setting_unusable: "warn",
};

/** Sums since the process started. */
export type Counters = {
  readonly tracesRecorded: number;
  readonly tracesDead: number;
  readonly tracesLost: number;
  readonly exchangesRefused: number;
  readonly exchangesUnrecorded: number;
  readonly exchangesFailed: number;
  readonly laneCrashes: number;
  readonly spansDropped: number;
};

export type Report = {
  emit(event: LoomEvent): void;
  readonly counters: Counters;
  /** What the events have counted for /metrics. */
  readonly metrics: MetricStore;
  readonly logger: Logger;
};

/** Adds an event to metrics. */
export type CountEvent = (metrics: MetricStore, event: LoomEvent) => void;

/** Where log lines go: JSON lines, or readable ones when a person watches. */
export function makeLogger(level: string, readable: boolean): Logger {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!readable) return pino({ ...base, formatters: lineFormatters }, pino.destination({ dest: 1, sync: false }));
  return pino({
    ...base,
    transport: { target: "pino-pretty", options: { translateTime: "HH:MM:ss.l", ignore: "pid,hostname" } },
  });
}

/** Puts whole lines beside the logger's own. */
function writeLines(logger: Logger, lines: string): void {
  const { [pino.symbols.streamSym]: stream } = logger as unknown as Record<symbol, { write(text: string): unknown }>;
  stream?.write(lines);
}

function sumOf(points: readonly Point[] | undefined): number {
  return (points ?? []).reduce((sum, { value }) => sum + (typeof value === "number" ? value : 0), 0);
}

export function openReport(logger: Logger, countEvent: CountEvent = () => {}): Report {
  const metrics = new MetricStore();
  const counters = {
    tracesRecorded: 0,
    tracesDead: 0,
    tracesLost: 0,
    exchangesRefused: 0,
    exchangesUnrecorded: 0,
    exchangesFailed: 0,
    laneCrashes: 0,
    spansDropped: 0,
  };
  return {
    counters,
    metrics,
    logger,
    emit(event) {
      countEvent(metrics, event);
      if (event.name === "lane_metrics") {
        counters.spansDropped += sumOf(event.delta.loom_spans_dropped_total);
        return;
      }
      if (event.name === "exchange_lines") return writeLines(logger, event.lines);
      if (event.name === "traces_recorded") counters.tracesRecorded += event.rows;
      else if (event.name === "trace_dead") counters.tracesDead += 1;
      else if (event.name === "traces_lost") counters.tracesLost += event.ids.length;
      else if (event.name === "exchange_refused") counters.exchangesRefused += 1;
      else if (event.name === "exchange_unrecorded") counters.exchangesUnrecorded += 1;
      else if (event.name === "exchange_failed") counters.exchangesFailed += 1;
      else if (event.name === "lane_crashed") counters.laneCrashes += 1;
      const { name, ...fields } = event;
      logger[levels[name]](fields, name);
    },
  };
}
