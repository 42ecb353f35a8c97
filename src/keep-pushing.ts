// Pushes the metrics of the process to a collector by the clock, from a worker. A push that fails costs nothing: the
// counters are cumulative, so the next one says the same and more.
import type { Config } from "./config/config.js";
import { revealAll } from "./config/secret.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import type { LoomEvent } from "./report/events.js";
import type { MetricSnapshot } from "./report/metric-store.js";

export type MetricsPusher = { stop(): Promise<void> };

/** Null when the settings do not ask for it. */
export function keepPushing(
  { otel }: Config,
  collect: () => MetricSnapshot,
  emit: (event: LoomEvent) => void,
): MetricsPusher | null {
  const { metrics, environment } = otel;
  if (metrics === null) return null;
  const worker = openWorkerCalls(new URL("../otel/push-metrics.js", import.meta.url), revealAll(environment));
  const startedAtMs = performance.timeOrigin;
  let state: "idle" | "pushing" = "idle";
  let told: "delivered" | "failing" = "delivered";
  const timer = setInterval(() => {
    // A collector that is slower than the clock gets fewer pushes, not more at once.
    if (state === "pushing") return;
    state = "pushing";
    const push = { snapshot: collect(), protocol: metrics.protocol, startedAtMs, nowMs: Date.now() };
    worker
      .call("pushMetrics", push)
      .then(
        () => {
          told = "delivered";
        },
        (error: unknown) => {
          if (told === "delivered")
            emit({ name: "metrics_push_failed", reason: error instanceof Error ? error.message : String(error) });
          told = "failing";
        },
      )
      .finally(() => {
        state = "idle";
      });
  }, metrics.intervalMs).unref();
  return {
    stop() {
      clearInterval(timer);
      return worker.stop();
    },
  };
}
