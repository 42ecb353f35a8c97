// The bounded copy of an answer's bytes for its trace. It sends what it has to the lane as it grows, so that a
// killed process leaves what the client had seen; the rest goes with the end of the exchange.
import { limits } from "../limits.js";

export class Capture {
  readonly #sendChunk: (bytes: readonly Uint8Array[]) => void;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #keptBytes = 0;
  #seenBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(sendChunk: (bytes: readonly Uint8Array[]) => void) {
    this.#sendChunk = sendChunk;
  }

  /** The true size of the answer so far. */
  get seenBytes(): number {
    return this.#seenBytes;
  }

  get isTruncated(): boolean {
    return this.#keptBytes < this.#seenBytes;
  }

  /** Keeps a reference; the bytes must not be changed afterwards. */
  add(bytes: Uint8Array): void {
    this.#seenBytes += bytes.byteLength;
    const room = limits.captureBytesMax - this.#keptBytes;
    if (room <= 0) return;
    const kept = bytes.byteLength <= room ? bytes : bytes.subarray(0, room);
    this.#pending.push(kept);
    this.#pendingBytes += kept.byteLength;
    this.#keptBytes += kept.byteLength;
    if (this.#pendingBytes >= limits.chunkFrameBytes) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), limits.chunkFrameMs).unref();
  }

  /** What no chunk has carried yet. The capture is over then. */
  takeRest(): readonly Uint8Array[] {
    this.#stopTimer();
    const rest = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    return rest;
  }

  #flush(): void {
    this.#stopTimer();
    const bytes = this.takeRest();
    if (bytes.length > 0) this.#sendChunk(bytes);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
