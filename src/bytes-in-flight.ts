// Counts the bytes that all exchanges together hold in memory, against one bound. Who adds takes away again.

export class BytesInFlight {
  readonly #bytesMax: number;
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isOver(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  /** A negative number takes away. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (bytes >= 0 || this.isOver || this.#waiting.length === 0) return;
    // Who waited may add at once, so everybody is asked again where there is no room after all.
    for (const listener of this.#waiting.splice(0)) listener();
  }

  /** Calls once when there is room again; at the earliest when bytes are taken away. */
  whenFree(listener: () => void): void {
    this.#waiting.push(listener);
  }
}
