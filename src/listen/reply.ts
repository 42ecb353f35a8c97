// The answer to one request, the same for every front end: its states, its deadlines, and who is told what. The bytes
// go out through a ClientWire.
import { errorBody } from "../errors/error-reply.js";
import { LoomError } from "../errors/loom-error.js";
import type { ClientWire } from "./client-wire.js";
import { Countdown } from "./countdown.js";
import type { GoneReason, HeaderList, Reply, ReplyState } from "./exchange.js";

/** How long an exchange that was told of its deadline has to end by itself. */
const graceMs = 2000;
const json = ["content-type", "application/json"] as const;

export type ReplyRules = {
  readonly exchangeTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Asked at the end, or at the head of a chunked answer: whether the connection must not be used again. */
  readonly closesAfter: () => boolean;
  /** Called once, when the reply has ended or the client is gone. */
  readonly onSettled: () => void;
};

export class ClientReply implements Reply {
  readonly #wire: ClientWire;
  readonly #rules: ReplyRules;
  readonly #deadline: NodeJS.Timeout;
  #state: ReplyState = "open";
  #goneListener: ((reason: GoneReason) => void) | null = null;
  #drainListener: (() => void) | null = null;
  #deadlineListener: (() => void) | null = null;
  #stall: Countdown | null = null;

  constructor(wire: ClientWire, rules: ReplyRules) {
    this.#wire = wire;
    this.#rules = rules;
    this.#deadline = setTimeout(() => this.#onDeadline(), rules.exchangeTimeoutMs).unref();
  }

  get state(): ReplyState {
    return this.#state;
  }

  send(status: number, headers: HeaderList, body: Uint8Array | string): void {
    if (this.#state !== "open") return;
    // Settled first: on a connection that is gone already the write may report just that.
    const closes = this.#rules.closesAfter();
    this.#settle("ended");
    this.#wire.send(status, headers, body, closes);
  }

  start(status: number, headers: HeaderList, first: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    this.#state = "started";
    return this.#wire.start(status, headers, first, this.#rules.closesAfter()) || this.#waitForDrain();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "started" || bytes.byteLength === 0) return true;
    return this.#wire.write(bytes) || this.#waitForDrain();
  }

  end(last?: Uint8Array): void {
    if (this.#state !== "started") return;
    this.#settle("ended");
    this.#wire.end(last);
  }

  cut(): void {
    if (this.#state === "gone" || this.#state === "ended") return;
    this.#settle("gone");
    this.#wire.cut();
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  onGone(listener: (reason: GoneReason) => void): void {
    this.#goneListener = listener;
  }

  onDeadline(listener: () => void): void {
    this.#deadlineListener = listener;
  }

  /** The front end saw that the client has taken what was waiting. */
  drained(): void {
    this.#stall?.stop();
    if (this.#state === "started") this.#drainListener?.();
  }

  /** The front end saw some of what waits go out. */
  progressed(): void {
    if (this.#stall?.isRunning === true) this.#stall.start(this.#rules.writeTimeoutMs);
  }

  /** The front end saw the connection end. */
  lost(): void {
    this.#leave("client_gone");
  }

  #leave(reason: GoneReason): void {
    if (this.#state === "ended" || this.#state === "gone") return;
    this.#settle("gone");
    this.#goneListener?.(reason);
  }

  #settle(state: "ended" | "gone"): void {
    this.#state = state;
    clearTimeout(this.#deadline);
    this.#stall?.stop();
    this.#rules.onSettled();
  }

  #waitForDrain(): false {
    this.#stall ??= new Countdown(
      () => this.#wire.stayOpen(),
      () => {
        if (this.#state !== "started") return;
        this.#leave("client_stalled");
        this.#wire.cut();
      },
    );
    if (!this.#stall.isRunning) this.#stall.start(this.#rules.writeTimeoutMs);
    return false;
  }

  #onDeadline(): void {
    if (this.#deadlineListener === null) {
      this.#expire();
      return;
    }
    // What it does may wait for a record; a client must not.
    setTimeout(() => this.#expire(), graceMs).unref();
    this.#deadlineListener();
  }

  #expire(): void {
    if (this.#state === "open") {
      const error = new LoomError("exchange_timeout");
      this.send(error.status, [json], errorBody(error));
      return;
    }
    if (this.#state !== "started") return;
    this.#leave("client_stalled");
    this.#wire.cut();
  }
}
