// What /metrics shows: what was counted so far, and how things stand at this moment. The answer is a plain snapshot, so
// that one process can add up those of several.
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Authenticator } from "./authenticate/authenticate.js";
import type { Pools } from "./forward/pools.js";
import type { HandOff } from "./hand-off/hand-off.js";
import type { Traffic } from "./provider-parts.js";
import { type MetricSnapshot, MetricStore } from "./report/metric-store.js";

export type MetricSources = {
  /** What events have counted. */
  readonly counted: MetricStore;
  readonly version: string;
  readonly handOff: HandOff;
  readonly pools: Pools;
  readonly authenticator: Authenticator;
  readonly traffic: Traffic;
  readonly isDraining: () => boolean;
  readonly isDatabaseUp: () => boolean;
  readonly strayRows: () => number;
};

export type MetricCollector = { collect(): MetricSnapshot; stop(): void };

const delayResolutionMs = 20;
const delayWindowMs = 60_000;
const percentiles = [
  ["p50", 50],
  ["p99", 99],
  ["max", 100],
] as const;

function readLanes(store: MetricStore, { lanes, queuedBytes }: HandOff): void {
  for (const [at, lane] of lanes.entries()) {
    const label = [String(lane.index)];
    store.set("loom_lane_admits", label, Number(lane.admits));
    store.set("loom_lane_backlog_bytes", label, lane.backlogBytes);
    store.set("loom_lane_unacknowledged_bytes", label, queuedBytes[at] ?? 0);
  }
  store.set(
    "loom_exchanges_in_flight",
    [],
    lanes.reduce((sum, lane) => sum + lane.openExchanges, 0),
  );
}

function readUpstream(store: MetricStore, pools: Pools): void {
  const { connected, free, pending, queued, running } = pools.stats;
  store.set("loom_upstream_pools", [], pools.size);
  store.set("loom_upstream_connections", ["idle"], free);
  store.set("loom_upstream_connections", ["busy"], connected - free);
  store.set("loom_upstream_requests", ["running"], running);
  store.set("loom_upstream_requests", ["queued"], pending + queued);
}

function readProcess(store: MetricStore): void {
  const { user, system } = process.cpuUsage();
  store.set("process_cpu_seconds_total", [], (user + system) / 1e6);
  store.set("process_resident_memory_bytes", [], process.memoryUsage.rss());
  store.set("process_start_time_seconds", [], Math.round(performance.timeOrigin) / 1000);
}

function readDelay(store: MetricStore, delay: IntervalHistogram): void {
  for (const [name, percentile] of percentiles) {
    // The histogram counts what lies between two ticks of a timer, which is late by its own interval.
    const seconds = Math.max(0, delay.percentile(percentile) / 1e9 - delayResolutionMs / 1000);
    store.set("loom_event_loop_delay_seconds", [name], delay.count === 0 ? 0 : seconds);
  }
}

export function openMetricCollector(sources: MetricSources): MetricCollector {
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  let sinceMs = performance.now();
  return {
    collect() {
      const { counted, version, handOff, pools, authenticator, traffic } = sources;
      const store = new MetricStore();
      store.merge(counted.snapshot());
      readLanes(store, handOff);
      readUpstream(store, pools);
      readProcess(store);
      readDelay(store, delay);
      if (performance.now() - sinceMs > delayWindowMs) {
        delay.reset();
        sinceMs = performance.now();
      }
      for (const [result, count] of Object.entries(authenticator.counts))
        store.set("loom_auth_lookups_total", [result], count);
      store.set("loom_streams_open", [], traffic.streams);
      store.set("loom_bytes_in_flight", [], traffic.requestBytes);
      store.set("loom_postgres_up", [], Number(sources.isDatabaseUp()));
      store.set("loom_default_partition_rows", [], sources.strayRows());
      store.set("loom_draining", [], Number(sources.isDraining()));
      store.set("loom_build_info", [version], 1);
      return store.snapshot();
    },
    stop: () => delay.disable(),
  };
}
