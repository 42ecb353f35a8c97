// Tells when requests are due, to a fraction of a millisecond. Timers of an event loop are whole milliseconds and late
// under load, and spinning would take a core from what is measured; so a thread of its own sleeps and then knocks.
import { Worker } from "node:worker_threads";

export type PacerStart = { readonly flags: Int32Array; readonly startNs: bigint; readonly intervalMs: number };

/** Places in `flags`. */
export const pacerFlags = { stopped: 0, knocked: 1 } as const;

/** More knocks a second than this are answered together; each costs some µs of both threads. */
const intervalMsMin = 0.25;

export class Pacer {
  readonly #worker: Worker;
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  readonly #startMs: number;
  readonly #intervalMs: number;
  readonly #dueMax: number;
  #given = 0;

  /**
   * Calls `onDue` with the time at which each request is due, as near to it as the machine allows, `dueMax` times in all.
   * `entry` is the compiled pacer-thread.js. Times are those of `nowMs`.
   */
  constructor(perSecond: number, dueMax: number, onDue: (dueMs: number) => void, entry = threadEntry()) {
    this.#intervalMs = 1000 / perSecond;
    this.#dueMax = dueMax;
    // The thread needs some time to start; what was due meanwhile would be late.
    const startNs = process.hrtime.bigint() + 100_000_000n;
    this.#startMs = Number(startNs) / 1e6;
    const start: PacerStart = { flags: this.#flags, startNs, intervalMs: Math.max(this.#intervalMs, intervalMsMin) };
    this.#worker = new Worker(entry, { workerData: start, execArgv: [] });
    this.#worker.on("message", () => this.#giveDue(onDue));
  }

  /** The first request is due then. */
  get startMs(): number {
    return this.#startMs;
  }

  async stop(): Promise<void> {
    Atomics.store(this.#flags, pacerFlags.stopped, 1);
    Atomics.notify(this.#flags, pacerFlags.stopped);
    await this.#worker.terminate();
  }

  /** Also what became due while the last ones were sent, or while the event loop was held up. */
  #giveDue(onDue: (dueMs: number) => void): void {
    Atomics.store(this.#flags, pacerFlags.knocked, 0);
    while (this.#given < this.#dueMax) {
      const dueMs = this.#startMs + this.#given * this.#intervalMs;
      if (dueMs > nowMs()) return;
      this.#given += 1;
      onDue(dueMs);
    }
  }
}

/** Monotonic ms that are the same in every thread, unlike those of `performance.now`. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function threadEntry(): URL {
  return new URL("./pacer-thread.js", import.meta.url);
}
