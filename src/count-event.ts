// What the named events of a process add to its metrics. Exchanges with a record are counted by their lanes.
import { codeLabel, faultDomain } from "./errors/fault-domain.js";
import type { LoomEvent } from "./report/events.js";
import type { MetricStore } from "./report/metric-store.js";

function countExchange(metrics: MetricStore, outcome: string, code: string): void {
  metrics.add("loom_exchanges_total", [outcome, codeLabel(code), faultDomain(code)]);
}

export function countEvent(metrics: MetricStore, event: LoomEvent): void {
  switch (event.name) {
    case "lane_metrics":
      metrics.absorb(event.delta);
      break;
    case "exchange_refused":
      if (event.recorded !== true) countExchange(metrics, "refused", event.code);
      break;
    case "exchange_failed":
      if (event.recorded !== true) countExchange(metrics, "error", event.code);
      break;
    case "exchange_unrecorded":
      metrics.add("loom_unrecorded_exchanges_total", []);
      break;
    case "traces_recorded": {
      const lane = [String(event.lane)];
      metrics.add("loom_copy_rows_total", lane, event.rows);
      metrics.add("loom_copy_bytes_total", lane, event.bytes);
      metrics.observe("loom_copy_seconds", lane, event.ms / 1000);
      break;
    }
    case "trace_dead":
      metrics.add("loom_dead_rows_total", []);
      break;
    case "traces_lost":
      metrics.add("loom_traces_lost_total", [], event.ids.length);
      break;
    case "lane_crashed":
      metrics.add("loom_lane_crashes_total", []);
      break;
    case "spool_failed":
    case "spool_damaged":
      metrics.add("loom_spool_failures_total", []);
      break;
    case "spool_replayed":
      metrics.add("loom_spool_replayed_total", [], event.exchanges);
      break;
    default:
  }
}
