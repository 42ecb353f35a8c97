// How long a slot stays empty after its process died: nothing at first, longer for one that dies again and again.

const firstMs = 100;
const longestMs = 10_000;
/** A process that lived so long had a start that worked: its death begins a new row. */
const settledMs = 30_000;

export class RestartDelay {
  #deaths = 0;

  /** The wait after a death, in ms. */
  next(livedMs: number): number {
    this.#deaths = livedMs >= settledMs ? 1 : this.#deaths + 1;
    return Math.min(longestMs, firstMs * 2 ** (this.#deaths - 1));
  }
}
