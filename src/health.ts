// /healthz says that the process lives; /readyz says whether it should get traffic, and which part is at fault. One of
// several processes on a port answers for all of them.

import type { HandOff } from "./hand-off/hand-off.js";
import type { Counters } from "./report/report.js";
import type { Durability } from "./trace/lane-messages.js";

export type HealthSources = {
  readonly handOff: HandOff;
  readonly counters: Counters;
  readonly isDraining: () => boolean;
  /** Whether the change feed's connection answers: the freshest sign of Postgres besides what the lanes say. */
  readonly isDatabaseUp: () => boolean;
  /** Rows that lay in the default partition at the last look. */
  readonly strayRows: () => number;
};

export type Readiness = {
  /** `degraded`: requests go on, and a part of Loom needs somebody's attention. */
  readonly status: "ready" | "degraded" | "unavailable" | "draining";
  readonly durability: Durability;
  /** Only where there are several: how many serve. */
  readonly processes?: number;
  readonly checks: {
    readonly database: "up" | "away";
    readonly rowsInDefaultPartition: number;
    readonly lanes: readonly {
      /** Only where there are several. */
      readonly process?: number;
      readonly lane: number;
      readonly admits: boolean;
      readonly openExchanges: number;
      readonly backlogBytes: number;
    }[];
  };
  readonly counters: Counters;
};

export type HealthAnswer = { readonly status: number; readonly body: string };

export function answerHealth(): HealthAnswer {
  return { status: 200, body: JSON.stringify({ status: "ok" }) };
}

/** Postgres being away does not make Loom unready: requests go on, which `status: degraded` says. */
export function readReadiness({ handOff, counters, ...sources }: HealthSources): Readiness {
  const lanes = handOff.lanes.map((lane) => ({
    lane: lane.index,
    admits: lane.admits,
    openExchanges: lane.openExchanges,
    backlogBytes: lane.backlogBytes,
  }));
  const draining = sources.isDraining();
  const database = sources.isDatabaseUp() && handOff.isWriting;
  const ready = !draining && lanes.some((lane) => lane.admits);
  const rowsInDefaultPartition = sources.strayRows();
  const whole = database && rowsInDefaultPartition === 0 && lanes.every((lane) => lane.admits);
  return {
    status: draining ? "draining" : !ready ? "unavailable" : whole ? "ready" : "degraded",
    durability: handOff.durability,
    checks: { database: database ? "up" : "away", rowsInDefaultPartition, lanes },
    counters,
  };
}

/** What several processes say together; `expected` is how many there should be. */
export function joinReadiness(first: Readiness, others: readonly Readiness[], expected: number): Readiness {
  const all = [first, ...others];
  const serving = all.filter(({ status }) => status === "ready" || status === "degraded").length;
  const whole = all.length >= expected && all.every(({ status }) => status === "ready");
  const draining = all.every(({ status }) => status === "draining");
  const counters: Record<string, number> = {};
  for (const one of all) {
    for (const [name, count] of Object.entries(one.counters)) counters[name] = (counters[name] ?? 0) + count;
  }
  return {
    status: draining ? "draining" : serving === 0 ? "unavailable" : whole ? "ready" : "degraded",
    durability: first.durability,
    processes: serving,
    checks: {
      database: all.every(({ checks }) => checks.database === "up") ? "up" : "away",
      rowsInDefaultPartition: Math.max(...all.map(({ checks }) => checks.rowsInDefaultPartition)),
      lanes: all.flatMap(({ checks }, process) => checks.lanes.map((lane) => ({ process, ...lane }))),
    },
    counters: counters as Counters,
  };
}

export function answerReadiness(readiness: Readiness): HealthAnswer {
  const serves = readiness.status === "ready" || readiness.status === "degraded";
  return { status: serves ? 200 : 503, body: JSON.stringify(readiness) };
}
