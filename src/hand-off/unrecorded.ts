// Stands in for a lane while nothing can be recorded and the tenant's policy is to serve: the exchange gets a number
// and a signed gap in the ledger instead of a row.
import type { TraceBegin, TraceEnd } from "../trace/record.js";
import type { Lane } from "./lane.js";
import type { OnAcknowledged } from "./sent-batch.js";

/** What the record of an exchange needs of a lane. */
export type RecordLane = Pick<Lane, "begin" | "chunk" | "end">;

export class UnrecordedLane implements RecordLane {
  readonly #lane: Lane;
  readonly #reason: string;

  constructor(lane: Lane, reason: string) {
    this.#lane = lane;
    this.#reason = reason;
  }

  begin(begin: TraceBegin, _requestBody: Uint8Array, onAcknowledged?: OnAcknowledged): number {
    const seq = this.#lane.skip(begin, this.#reason);
    if (onAcknowledged !== undefined) queueMicrotask(() => onAcknowledged(null));
    return seq;
  }

  chunk(_seq: number, _bytes: readonly Uint8Array[], onAcknowledged?: OnAcknowledged): void {
    queueMicrotask(() => onAcknowledged?.(null));
  }

  end(_seq: number, _end: TraceEnd, _rest: readonly Uint8Array[], onAcknowledged: OnAcknowledged): void {
    queueMicrotask(() => onAcknowledged(null));
  }
}
