// /healthz says that the process lives; /readyz says whether it should get traffic, and which part is at fault.
import type { HandOff } from "./hand-off/hand-off.js";
import type { Counters } from "./report/report.js";

export type HealthSources = {
  readonly handOff: HandOff;
  readonly counters: Counters;
  readonly isDraining: () => boolean;
  /** Whether the change feed's connection answers: the freshest sign of Postgres besides what the lanes say. */
  readonly isDatabaseUp: () => boolean;
  /** Rows that lay in the default partition at the last look. */
  readonly strayRows: () => number;
};

export type HealthAnswer = { readonly status: number; readonly body: string };

export function answerHealth(): HealthAnswer {
  return { status: 200, body: JSON.stringify({ status: "ok" }) };
}

/** Postgres being away does not make Loom unready: requests go on, which `status: degraded` says. */
export function answerReadiness({
  handOff,
  counters,
  isDraining,
  isDatabaseUp,
  strayRows,
}: HealthSources): HealthAnswer {
  const lanes = handOff.lanes.map((lane) => ({
    lane: lane.index,
    admits: lane.admits,
    openExchanges: lane.openExchanges,
    backlogBytes: lane.backlogBytes,
  }));
  const draining = isDraining();
  const database = isDatabaseUp() && handOff.isWriting;
  const ready = !draining && lanes.some((lane) => lane.admits);
  const stray = strayRows();
  const whole = database && stray === 0 && lanes.every((lane) => lane.admits);
  const status = draining ? "draining" : !ready ? "unavailable" : whole ? "ready" : "degraded";
  const checks = { database: database ? "up" : "away", rowsInDefaultPartition: stray, lanes };
  return {
    status: ready ? 200 : 503,
    body: JSON.stringify({ status, durability: handOff.durability, checks, counters }),
  };
}
