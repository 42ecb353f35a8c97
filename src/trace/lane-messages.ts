// The protocol between the main thread and a lane's worker, in one place. Frames go one way over a
// MessagePort of their own; acknowledgements and reports come back over the same port.
import type { MessagePort } from "node:worker_threads";
import type { LoomEvent } from "../report/events.js";

/** What a lane waits for before it acknowledges. `memory`: received. `process`: written. `disk`: flushed. */
export type Durability = "memory" | "process" | "disk";

/** The task that Piscina starts a lane with; it runs for as long as the lane lives. */
export type LaneTask = {
  readonly port: MessagePort;
  readonly settings: LaneSettings;
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
};

export type ToLane =
  | { readonly type: "frames"; readonly batch: number; readonly bytes: ArrayBuffer }
  /** Finish what is here, report, and end the task. What cannot be written by then is reported as lost. */
  | { readonly type: "drain"; readonly deadlineMs: number };

export type FromLane =
  /** Every frame of this batch and of all before it is kept as the durability asks. */
  | { readonly type: "acknowledged"; readonly batch: number; readonly backlogBytes: number }
  /** These exchanges are in Postgres, set aside, or named as lost: a crash of the lane cannot touch them any more. */
  | { readonly type: "settled"; readonly seqs: readonly number[] }
  | { readonly type: "event"; readonly event: LoomEvent };
