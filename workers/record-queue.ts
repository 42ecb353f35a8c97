// Finished exchanges on their way to the recorder: taken in short slices, so that work never delays an
// acknowledgement for long. What would take too much memory is left in the spool until its turn comes.
import { limits } from "../src/limits.js";
import { bytesOf, type RawExchange } from "./open-exchanges.js";

export type RecordQueueOptions = {
  readonly record: (raw: RawExchange) => void;
  /** Bytes that the recorder has and Postgres has not. */
  readonly recordedBytes: () => number;
  /** Reads an exchange back from the spool; null without one. */
  readonly read: ((left: LeftExchange) => RawExchange | null) | null;
};

/** An exchange that is in the spool only. */
export type LeftExchange = { readonly seq: number; readonly keySalt: string };

const retryMs = 20;

export class RecordQueue {
  readonly #options: RecordQueueOptions;
  #ended: RawExchange[] = [];
  #endedBytes = 0;
  #left: LeftExchange[] = [];
  #state: "idle" | "working" | "draining" = "idle";

  constructor(options: RecordQueueOptions) {
    this.#options = options;
  }

  /** Bytes of what waits in memory. */
  get bytes(): number {
    return this.#endedBytes;
  }

  /** Whether one more in memory would be too much. */
  get isFull(): boolean {
    return this.#endedBytes + this.#options.recordedBytes() > limits.laneMemoryBytesMax;
  }

  add(raw: RawExchange): void {
    if (this.#state === "draining") return this.#options.record(raw);
    this.#ended.push(raw);
    this.#endedBytes += bytesOf(raw);
    this.#start();
  }

  /** Remembers an exchange that is read back when there is memory for it. */
  leave(left: LeftExchange): void {
    this.#left.push(left);
    if (this.#state !== "draining") this.#start();
  }

  /** Hands on all that is in memory, and what of the rest fits. What stays is in the spool. */
  drain(): void {
    this.#state = "draining";
    for (const raw of this.#ended) this.#options.record(raw);
    this.#ended = [];
    this.#endedBytes = 0;
    while (this.#left.length > 0 && !this.isFull) this.#readNext();
  }

  #start(): void {
    if (this.#state !== "idle") return;
    this.#state = "working";
    setImmediate(() => this.#work());
  }

  /** One slice. Between two of them the event loop looks at the port. */
  #work(): void {
    if (this.#state !== "working") return;
    const until = performance.now() + limits.laneSliceMs;
    let done = 0;
    while (done < this.#ended.length && (done === 0 || performance.now() < until)) {
      const raw = this.#ended[done] as RawExchange;
      this.#endedBytes -= bytesOf(raw);
      this.#options.record(raw);
      done += 1;
    }
    this.#ended = done === this.#ended.length ? [] : this.#ended.slice(done);
    const hasMemory = this.#endedBytes + this.#options.recordedBytes() < limits.laneMemoryBytesMax / 2;
    while (this.#left.length > 0 && hasMemory && performance.now() < until) this.#readNext();
    if (this.#ended.length > 0 || (this.#left.length > 0 && hasMemory)) setImmediate(() => this.#work());
    else if (this.#left.length > 0) setTimeout(() => this.#work(), retryMs);
    else this.#state = "idle";
  }

  #readNext(): void {
    const left = this.#left.shift();
    if (left === undefined) return;
    const raw = this.#options.read?.(left) ?? null;
    if (raw !== null) this.#options.record(raw);
  }
}
