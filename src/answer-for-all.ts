// Pages that speak for every process on the port: what this one says, or what all of them say, asked through their
// supervisor.

import { joinReadiness, type Readiness } from "./health.js";
import type { MetricSnapshot } from "./report/metric-store.js";
import { MetricStore } from "./report/metric-store.js";

/** What one process says of itself. JSON. */
export type ProcessReport = { readonly metrics: MetricSnapshot | null; readonly readiness: Readiness };

/** The other processes, with this one. */
export type Peers = {
  /** How many there should be. */
  readonly expected: number;
  /** Resolves to what they say in time. Never rejects. */
  ask(): Promise<readonly ProcessReport[]>;
};

export type AllProcesses = {
  readonly readiness: () => Readiness | Promise<Readiness>;
  readonly metrics: () => MetricSnapshot | Promise<MetricSnapshot>;
};

/** Of a process alone when `peers` is null: it answers at once then. */
export function speakForAll(
  peers: Peers | null,
  own: { readonly readiness: () => Readiness; readonly metrics: () => MetricSnapshot },
): AllProcesses {
  if (peers === null) return own;
  return {
    async readiness() {
      const [first, ...others] = (await peers.ask()).map(({ readiness }) => readiness);
      return joinReadiness(first ?? own.readiness(), others, peers.expected);
    },
    async metrics() {
      const sum = new MetricStore();
      const all = (await peers.ask()).flatMap(({ metrics }) => metrics ?? []);
      for (const snapshot of all.length === 0 ? [own.metrics()] : all) sum.merge(snapshot);
      return sum.snapshot();
    },
  };
}
