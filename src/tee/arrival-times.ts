// When the bytes of a stream came, in few numbers however long it is: every chunk at first, then every second one,
// every fourth, and so on. A chunk costs a countdown; one that is kept costs a look at the clock as well.
import { limits } from "../limits.js";
import type { StreamTimes } from "../trace/record.js";

export class ArrivalTimes {
  readonly #startedAtMs: number;
  readonly #ms: number[] = [];
  readonly #bytes: number[] = [];
  /** One chunk in so many is kept. */
  #stride = 1;
  /** Chunks until the next one that is. */
  #left = 1;

  /** `startedAtMs`: monotonic ms that the times are counted from. */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** A chunk has come: with it there are `totalBytes`. */
  note(totalBytes: number): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    if (this.#ms.length === limits.arrivalTimesMax) this.#thin();
    this.#left = this.#stride;
    this.#ms.push(performance.now() - this.#startedAtMs);
    this.#bytes.push(totalBytes);
  }

  /** Null before the first chunk. Not a copy. */
  get times(): StreamTimes | null {
    return this.#ms.length === 0 ? null : { every: this.#stride, ms: this.#ms, bytes: this.#bytes };
  }

  /** Leaves every second one, the first among them: the next is due now. */
  #thin(): void {
    const kept = this.#ms.length / 2;
    for (let at = 1; at < kept; at += 1) {
      this.#ms[at] = this.#ms[at * 2] as number;
      this.#bytes[at] = this.#bytes[at * 2] as number;
    }
    this.#ms.length = kept;
    this.#bytes.length = kept;
    this.#stride *= 2;
  }
}
