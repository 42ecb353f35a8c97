// What a lane remembers of the frames that it sent: who waits for which, and what of an exchange is under way.
import type { LoomError } from "../errors/loom-error.js";

/** Called once: with null when the frame is kept as the durability asks, else with why it is not. */
export type OnAcknowledged = (error: LoomError | null) => void;

export type Waiting = { readonly seq: number; readonly onAcknowledged: OnAcknowledged };

export type SentBatch = {
  readonly batch: number;
  readonly bytes: number;
  readonly seqs: ReadonlySet<number>;
  readonly waiting: readonly Waiting[];
};

/** An exchange from its begin until its end is acknowledged. */
export type OpenExchange = { readonly keySalt: string; lastBatch: number; state: "open" | "ended" };
