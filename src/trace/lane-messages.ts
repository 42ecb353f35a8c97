// The protocol between the main thread and a lane's worker, in one place. Frames go one way over a
// MessagePort of their own; acknowledgements and reports come back over the same port.
import type { MessagePort } from "node:worker_threads";
import type { LoomEvent } from "../report/events.js";
import type { SamplerSettings } from "./trace-context.js";

/** What a lane waits for before it acknowledges. `memory`: received. `process`: written. `disk`: flushed. */
export type Durability = "memory" | "process" | "disk";

/** The task that Piscina starts a lane with; it runs for as long as the lane lives. */
export type LaneTask = {
  readonly port: MessagePort;
  readonly settings: LaneSettings;
};

/** Where the fault suite ends the process by SIGKILL. */
export const crashPoints = [
  "after_begin_write",
  "before_end_write",
  "after_end_write",
  "after_copy",
  "before_commit_ack",
  "after_commit",
  "after_unlink",
  "mid_rotate",
  "mid_recovery",
] as const;
export type CrashPoint = (typeof crashPoints)[number];

/** An exchange that goes on although its lane's worker was replaced; its frames so far are in the spool. */
export type ResumedExchange = { readonly seq: number; readonly keySalt: string };

export type SpoolSettings = {
  /** Absolute path of the lane's own folder: `<home>/spool/<node>/<boot>/lane-<n>`. */
  readonly folder: string;
  /** Such folders of processes that are gone: their frames become rows, and the folders go. */
  readonly adopt: readonly string[];
  /** Of an earlier worker of this lane; everything else that it left without an end was interrupted. */
  readonly resumed: readonly ResumedExchange[];
  /** Of all segments of this lane; `limits.laneSpoolBytesMax` but in tests. */
  readonly bytesMax: number;
  /** `limits.spoolSegmentBytes` but in tests. */
  readonly segmentBytes: number;
};

/** What a lane tells the outside of finished exchanges, beside its rows. */
export type TelemetrySettings = {
  /** The share of successful exchanges that leave a log line, 0 to 1. */
  readonly lineRatio: number;
  /** pino's level: `info` lets all lines pass, `warn` only those of failures. */
  readonly logLevel: string;
  /** null: no spans are made. */
  readonly spans: SpanSettings | null;
};

export type SpanSettings = {
  readonly protocol: "http/protobuf" | "grpc";
  readonly sampler: SamplerSettings;
  /** An exchange that takes this long is kept whatever the sampler says. */
  readonly slowMs: number;
  /** Whether messages are put on spans. */
  readonly captureContent: boolean;
};

export type LaneSettings = {
  readonly lane: number;
  readonly nodeId: string;
  /** One UUID for each start of the process. */
  readonly bootId: string;
  readonly durability: Durability;
  /** A `postgres://` URL (a unix socket folder in the `host` parameter for the embedded server). */
  readonly databaseUrl: string;
  /** `version:base64` entries, newest first, comma-separated: the form of LOOM_MASTER_KEYS. */
  readonly masterKeys: string;
  /** PKCS 8 PEM of the Ed25519 key that signs the ledger; without it no ledger is written. */
  readonly ledgerKey?: string;
  /** Needed by every durability but `memory`, which only adopts with it. */
  readonly spool?: SpoolSettings;
  /** What workers/account/owed-usage.ts remembers, for all lanes; without it, reading a response counts nothing. */
  readonly owedUsages?: SharedArrayBuffer;
  /** Without it, nothing but events is told. */
  readonly telemetry?: TelemetrySettings;
  /** A crash point, or `<point>:<nth time>`; for the fault suite only. */
  readonly crashAt?: string | null;
};

/** An exchange that was given a number and is not recorded. */
export type SkippedExchange = {
  readonly seq: number;
  readonly id: string;
  readonly tenantId: string;
  readonly createdAtMs: number;
  readonly reason: string;
};

export type ToLane =
  | { readonly type: "frames"; readonly batch: number; readonly bytes: ArrayBuffer }
  /** Other master keys in the place of the settings' ones: what comes after this message is sealed under the newest. */
  | { readonly type: "keys"; readonly masterKeys: string }
  /** Drop the keys derived for this tenant, or all of them: its salt may be gone. */
  | { readonly type: "forget"; readonly tenantId: string | null }
  /** The ledger gets a signed gap for it. */
  | { readonly type: "skipped"; readonly exchange: SkippedExchange }
  /** Finish what is here, report, and end the task. What cannot be written by then is reported as lost. */
  | { readonly type: "drain"; readonly deadlineMs: number };

export type FromLane =
  /**
   * Every frame of this batch and of all before it is kept as the durability asks, but for those of the exchanges in
   * `refused`, of which nothing more can be kept. `admits`: whether there is room for new ones.
   */
  | {
      readonly type: "acknowledged";
      readonly batch: number;
      readonly backlogBytes: number;
      readonly admits?: boolean;
      readonly refused?: readonly number[];
    }
  /** These exchanges are in Postgres, set aside, or named as lost: a crash of the lane cannot touch them any more. */
  | { readonly type: "settled"; readonly seqs: readonly number[] }
  | { readonly type: "event"; readonly event: LoomEvent };
