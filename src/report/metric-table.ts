// Every metric of Loom: its name in Prometheus, what it counts, its labels, and how the values of several processes
// become one. Labels are closed vocabularies, but for the model, which workers/observe/model-names.ts bounds.

export type MetricKind = "counter" | "gauge" | "histogram";

export type MetricFamily = {
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, ascending, without the infinite one. */
  readonly buckets?: readonly number[];
  /** What becomes of a gauge that several processes have; `sum` when left out. */
  readonly merge?: "sum" | "max" | "min";
  /** The name and unit in OTLP where they differ from the Prometheus name without its suffix. */
  readonly otlp?: { readonly name: string; readonly unit: string };
};

/** Of the GenAI conventions: gen-ai-metrics.md of semantic-conventions 1.41. */
const operationSeconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const tokenCounts = [
  ...[1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144],
  ...[1_048_576, 4_194_304, 16_777_216, 67_108_864],
];
const chunkSeconds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56];
const overheadSeconds = [
  ...[0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005],
  ...[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
];
const copySeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const operation = ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"];

export const metricTable = {
  gen_ai_client_operation_duration_seconds: {
    kind: "histogram",
    help: "Time of an operation from the first byte seen to the record's end, all attempts included.",
    labels: [...operation, "error_type"],
    buckets: operationSeconds,
    otlp: { name: "gen_ai.client.operation.duration", unit: "s" },
  },
  gen_ai_client_token_usage: {
    kind: "histogram",
    help: "Tokens of an operation, as the provider reported them.",
    labels: [...operation, "gen_ai_token_type"],
    buckets: tokenCounts,
    otlp: { name: "gen_ai.client.token.usage", unit: "{token}" },
  },
  gen_ai_client_operation_time_to_first_chunk_seconds: {
    kind: "histogram",
    help: "Time to the first byte of a streamed answer.",
    labels: operation,
    buckets: operationSeconds,
    otlp: { name: "gen_ai.client.operation.time_to_first_chunk", unit: "s" },
  },
  gen_ai_client_operation_time_per_output_chunk_seconds: {
    kind: "histogram",
    help: "Mean time between the events of a streamed answer, counted once for each event after the first.",
    labels: operation,
    buckets: chunkSeconds,
    otlp: { name: "gen_ai.client.operation.time_per_output_chunk", unit: "s" },
  },
  loom_overhead_seconds: {
    kind: "histogram",
    help: "Loom's own share of an exchange: all but the wait for the provider.",
    labels: [],
    buckets: overheadSeconds,
  },
  loom_exchanges_total: {
    kind: "counter",
    help: "Exchanges that ended, by outcome, error code and whose fault it was.",
    labels: ["outcome", "code", "domain"],
  },
  loom_cost_usd_total: {
    kind: "counter",
    help: "Estimated cost of recorded exchanges in US dollars.",
    labels: ["gen_ai_provider_name", "gen_ai_request_model"],
  },
  loom_attempts_total: {
    kind: "counter",
    help: "Tries on providers, by the class of their status.",
    labels: ["gen_ai_provider_name", "status"],
  },
  loom_exchanges_in_flight: { kind: "gauge", help: "Exchanges that were admitted and have not ended.", labels: [] },
  loom_streams_open: { kind: "gauge", help: "Event streams that are being passed on.", labels: [] },
  loom_bytes_in_flight: { kind: "gauge", help: "Request bytes of exchanges that have not ended.", labels: [] },
  loom_unrecorded_exchanges_total: {
    kind: "counter",
    help: "Exchanges served without a record because the tenant's policy says so.",
    labels: [],
  },
  loom_lane_unacknowledged_bytes: {
    kind: "gauge",
    help: "Bytes handed to a lane that it has not acknowledged.",
    labels: ["lane"],
  },
  loom_lane_backlog_bytes: { kind: "gauge", help: "Bytes in a lane that are not in Postgres.", labels: ["lane"] },
  loom_lane_admits: {
    kind: "gauge",
    help: "1 while a lane takes new exchanges.",
    labels: ["lane"],
    merge: "min",
  },
  loom_lane_acknowledgement_seconds: {
    kind: "histogram",
    help: "Time from handing a batch of frames to a lane until it is kept as the durability asks.",
    labels: ["lane"],
    buckets: overheadSeconds,
  },
  loom_lane_crashes_total: { kind: "counter", help: "Workers of lanes that ended by a fault.", labels: [] },
  loom_copy_rows_total: { kind: "counter", help: "Rows committed to Postgres.", labels: ["lane"] },
  loom_copy_bytes_total: { kind: "counter", help: "Bytes of rows committed to Postgres.", labels: ["lane"] },
  loom_copy_seconds: {
    kind: "histogram",
    help: "Time of one transaction that copies rows.",
    labels: ["lane"],
    buckets: copySeconds,
  },
  loom_recording_lag_seconds: {
    kind: "gauge",
    help: "How long the oldest finished exchange has waited for Postgres.",
    labels: ["lane"],
    merge: "max",
  },
  loom_spool_bytes: { kind: "gauge", help: "Bytes of spool segments on the disk.", labels: ["lane"] },
  loom_spool_failures_total: {
    kind: "counter",
    help: "Writes, flushes and removals in the spool that failed.",
    labels: [],
  },
  loom_spool_replayed_total: { kind: "counter", help: "Exchanges of ended processes that were replayed.", labels: [] },
  loom_dead_rows_total: { kind: "counter", help: "Rows that Postgres refused and that were set aside.", labels: [] },
  loom_traces_lost_total: { kind: "counter", help: "Traces that could not be kept anywhere.", labels: [] },
  loom_spans_exported_total: { kind: "counter", help: "Spans that a collector has taken.", labels: [] },
  loom_spans_dropped_total: {
    kind: "counter",
    help: "Spans that were not delivered: the queue was full, or the collector refused or did not answer.",
    labels: ["reason"],
  },
  loom_spans_queued: { kind: "gauge", help: "Spans that wait for the collector.", labels: ["lane"] },
  loom_log_lines_dropped_total: { kind: "counter", help: "Lines of exchanges that were not logged.", labels: [] },
  loom_auth_lookups_total: {
    kind: "counter",
    help: "Client keys checked, by where the answer came from.",
    labels: ["result"],
  },
  loom_event_loop_delay_seconds: {
    kind: "gauge",
    help: "Delay of the main thread's event loop over the last minute.",
    labels: ["of"],
    merge: "max",
  },
  loom_upstream_pools: { kind: "gauge", help: "Connection pools to providers.", labels: [] },
  loom_upstream_connections: { kind: "gauge", help: "Connections to providers, by state.", labels: ["state"] },
  loom_upstream_requests: { kind: "gauge", help: "Requests to providers, by state.", labels: ["state"] },
  loom_postgres_up: {
    kind: "gauge",
    help: "1 while the database answers.",
    labels: [],
    merge: "min",
  },
  loom_default_partition_rows: {
    kind: "gauge",
    help: "Rows that lie in the default partition, where none should.",
    labels: [],
    merge: "max",
  },
  loom_draining: { kind: "gauge", help: "1 while the process stops.", labels: [], merge: "max" },
  loom_build_info: { kind: "gauge", help: "1; the version is a label.", labels: ["version"], merge: "max" },
  process_cpu_seconds_total: { kind: "counter", help: "CPU time of the process, all threads.", labels: [] },
  process_resident_memory_bytes: { kind: "gauge", help: "Resident memory of the process.", labels: [] },
  process_start_time_seconds: {
    kind: "gauge",
    help: "Unix time of the process's start.",
    labels: [],
    merge: "min",
  },
} as const satisfies Record<string, MetricFamily>;

export type MetricName = keyof typeof metricTable;

export function familyOf(name: MetricName): MetricFamily {
  return metricTable[name];
}
