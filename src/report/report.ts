// Turns named events into log lines and counters. The only place that logs; everything else emits events.
import { type Logger, pino } from "pino";
import type { LoomEvent } from "./events.js";

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
};

export type Report = {
  emit(event: LoomEvent): void;
  readonly counters: Counters;
  readonly logger: Logger;
};

/** Where log lines go: JSON lines, or readable ones when a person watches. */
export function makeLogger(level: string, readable: boolean): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!readable) return pino({ ...base, formatters }, pino.destination({ dest: 1, sync: false }));
  return pino({
    ...base,
    transport: { target: "pino-pretty", options: { translateTime: "HH:MM:ss.l", ignore: "pid,hostname" } },
  });
}

export function openReport(logger: Logger): Report {
  const counters = {
    tracesRecorded: 0,
    tracesDead: 0,
    tracesLost: 0,
    exchangesRefused: 0,
    exchangesUnrecorded: 0,
    exchangesFailed: 0,
    laneCrashes: 0,
  };
  return {
    counters,
    logger,
    emit(event) {
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
