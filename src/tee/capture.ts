// The bounded copy of an answer's bytes for its trace. It sends what it has to the lane as it grows, so that a
// killed process leaves what the client had seen; the rest goes with the end of the exchange.
import { limits } from "../limits.js";

export type CaptureOptions = {
  /** Bytes of one answer that are kept. */
  readonly bytesMax: number;
  readonly sendChunk: (bytes: readonly Uint8Array[]) => void;
};

export class Capture {
  readonly #options: CaptureOptions;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #keptBytes = 0;
  #seenBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** The true size of the answer so far. */
  get seenBytes(): number {
    return this.#seenBytes;
  }

  get isTruncated(): boolean {
    return this.#keptBytes < this.#seenBytes;
  }

  /** Bytes that no chunk has carried yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Keeps a reference; the bytes must not be changed afterwards. */
  add(bytes: Uint8Array): void {
    this.#seenBytes += bytes.byteLength;
    const room = this.#options.bytesMax - this.#keptBytes;
    if (room <= 0) return;
    const kept = bytes.byteLength <= room ? bytes : bytes.subarray(0, room);
    this.#pending.push(kept);
    this.#pendingBytes += kept.byteLength;
    this.#keptBytes += kept.byteLength;
    if (this.#pendingBytes >= limits.chunkFrameBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), limits.chunkFrameMs).unref();
  }

  /** What no chunk has carried yet. The capture is over then. */
  takeRest(): readonly Uint8Array[] {
    this.#stopTimer();
    const rest = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    return rest;
  }

  /** Sends what it has. */
  flush(): void {
    const bytes = this.takeRest();
    if (bytes.length > 0) this.#options.sendChunk(bytes);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
