// The protocol between the supervisor and the gateway processes that share its home and its port. Everything is
// JSON: it crosses the channel of child_process.fork.
import type { ProviderSettings } from "../config/config.js";

/** Which of the processes one is, and what of the home is its own. */
export type ProcessPlace = {
  /** From 0; a process that takes the place of another has its number. */
  readonly slot: number;
  readonly slots: number;
  /** One UUID for each start of a process. */
  readonly bootId: string;
  /** Lanes' folders of processes that are gone, for this one to adopt; null: all that are there. */
  readonly adopt: readonly string[] | null;
  /** 0 takes any free port. */
  readonly port: number;
};

/** What the supervisor opened for all. */
export type SharedGround = {
  readonly database: {
    readonly url: string;
    readonly description: string;
    readonly notes: readonly string[];
    readonly firstStart: boolean;
    readonly isReached: boolean;
  };
  readonly mock: Omit<ProviderSettings, "credential">;
  readonly place: ProcessPlace;
};

export type ToProcess =
  | { readonly type: "start"; readonly ground: SharedGround }
  /** Take no connections, answer what is open, let idle connections have one more answer for so long, then end. */
  | { readonly type: "stop"; readonly lingerMs: number }
  /** Say how you are. */
  | { readonly type: "report"; readonly id: number }
  /** The answer to a `collect`: what every process said in time. */
  | { readonly type: "collected"; readonly id: number; readonly reports: readonly unknown[] };

export type FromProcess =
  | { readonly type: "ready"; readonly url: string; readonly frontEnd: string }
  /** It could not start; the process ends by itself. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "reported"; readonly id: number; readonly report: unknown }
  /** Asks for what all processes report. */
  | { readonly type: "collect"; readonly id: number };
