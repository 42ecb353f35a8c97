// A deadline that may move while it runs. It wakes often enough for a front end to put off a time-out of its own.

/** uWebSockets.js closes a connection after about 30 seconds of its own counting, in ticks of four. */
const wakeEveryMs = 4000;

export class Countdown {
  readonly #onWake: () => void;
  readonly #onExpired: () => void;
  #expiresAtMs = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `onWake` is called now and then before the deadline, `onExpired` once at it. */
  constructor(onWake: () => void, onExpired: () => void) {
    this.#onWake = onWake;
    this.#onExpired = onExpired;
  }

  get isRunning(): boolean {
    return this.#timer !== null;
  }

  /** Sets the deadline, from now. */
  start(ms: number): void {
    this.#expiresAtMs = performance.now() + ms;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#schedule();
  }

  /** Moves the deadline of a countdown that runs. */
  extend(ms: number): void {
    this.#expiresAtMs += ms;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(): void {
    const restMs = this.#expiresAtMs - performance.now();
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.min(restMs, wakeEveryMs))).unref();
  }

  #wake(): void {
    this.#timer = null;
    if (performance.now() >= this.#expiresAtMs) {
      this.#onExpired();
      return;
    }
    this.#onWake();
    this.#schedule();
  }
}
