// The moments of one exchange, and what follows from them: the time to the first byte, and Loom's own share.

export class ExchangeClock {
  readonly #receivedAtMs: number;
  #sentAtMs: number | null = null;
  #firstByteAtMs: number | null = null;
  #endAtMs: number | null = null;

  /** `receivedAtMs`: monotonic time of the request's first byte. */
  constructor(receivedAtMs: number) {
    this.#receivedAtMs = receivedAtMs;
  }

  noteSent(): void {
    this.#sentAtMs ??= performance.now();
  }

  noteFirstByte(): void {
    this.#firstByteAtMs ??= performance.now();
  }

  /** Nothing more is awaited of the provider. */
  noteEnd(): void {
    this.#endAtMs ??= performance.now();
  }

  /** From the request's first byte to the first byte of the answer's body, or null before it. */
  get ttfbMs(): number | null {
    return this.#firstByteAtMs === null ? null : this.#firstByteAtMs - this.#receivedAtMs;
  }

  /** Loom's own share of the time so far: all but the wait for the provider. */
  overheadMs(): number {
    const nowMs = performance.now();
    const beforeMs = (this.#sentAtMs ?? nowMs) - this.#receivedAtMs;
    const upstreamMs = this.#endAtMs ?? this.#firstByteAtMs;
    return upstreamMs === null ? beforeMs : beforeMs + (nowMs - upstreamMs);
  }
}
