// Puts a request body together from the pieces that a front end hands over, within its bounds: bytes of this body,
// bytes of all bodies together, and time. An upload that is too large to be held is handed on while it comes.
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import type { BodyFraming } from "./check-head.js";
import { Countdown } from "./countdown.js";
import type { BodyRest } from "./exchange.js";

const empty = Buffer.alloc(0);
/** A length is what the client says: room is made for so many times what has come. */
const roomFactor = 4;

/** Bytes held in memory for all open exchanges together. */
export type HeldBytes = {
  add(bytes: number): void;
  readonly isOver: boolean;
};

export type BodyRules = {
  /** A body up to this size is held whole. */
  readonly bodyBytesMax: number;
  /** How long a body may take, and a second more for each `limits.bodyBytesPerSecondMin` that have come. */
  readonly bodyTimeoutMs: number;
  readonly heldBytes: HeldBytes;
};

export type BodyListener = {
  /** Called once with the whole body, or with its beginning and the rest, unless `onFault` was. */
  onBody(body: Buffer, rest: BodyRest | null): void;
  /** Never after `onBody`. */
  onFault(error: LoomError): void;
};

/** The front end's side of a body. */
export type BodySource = {
  pause(): void;
  resume(): void;
  /** Puts off a time-out of the front end's own. */
  stayOpen(): void;
};

type RestListener = Parameters<BodyRest["start"]>[0];

export class BodyReader {
  readonly #framing: BodyFraming;
  readonly #rules: BodyRules;
  readonly #source: BodySource;
  readonly #listener: BodyListener;
  readonly #countdown: Countdown;
  /** `holding`: until the body, or its beginning, is there. `passing`: the rest comes. */
  #state: "holding" | "passing" | "done" | "stopped" = "holding";
  #restListener: RestListener | null = null;
  /** The body as far as it has come, with room behind it. */
  #room: Buffer = empty;
  /** Of an upload: what came before anybody listened. */
  #waiting: Buffer[] = [];
  #bytes = 0;
  #heldBytes = 0;

  constructor(framing: BodyFraming, rules: BodyRules, source: BodySource, listener: BodyListener) {
    this.#framing = framing;
    this.#rules = rules;
    this.#source = source;
    this.#listener = listener;
    this.#countdown = new Countdown(
      () => source.stayOpen(),
      () => this.#fail(new LoomError("request_timeout", { message: "The request body did not arrive in time." })),
    );
    this.#countdown.start(rules.bodyTimeoutMs);
  }

  /** Whether the last byte has come. */
  get isComplete(): boolean {
    return this.#state === "done";
  }

  /** Takes a piece that may be gone after this call: it is copied. */
  add(piece: Buffer, isLast: boolean): void {
    if (this.#state === "done" || this.#state === "stopped") return;
    this.#bytes += piece.length;
    if (piece.length > 0) this.#countdown.extend((piece.length / limits.bodyBytesPerSecondMin) * 1000);
    if (isLast && this.#framing !== "chunked" && this.#bytes !== this.#framing) {
      return this.#fail(new LoomError("bad_request", { message: "The body does not have its Content-Length." }));
    }
    if (this.#state === "passing") this.#pass(piece, isLast);
    else this.#hold(piece, isLast);
  }

  /** The client left, or its request is refused: nothing more is told. */
  stop(): void {
    if (this.#state !== "done") this.#state = "stopped";
    this.#room = empty;
    this.#waiting = [];
    this.#restListener = null;
    this.#countdown.stop();
  }

  /** The body is not needed any more. */
  release(): void {
    this.stop();
    this.#rules.heldBytes.add(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  #hold(piece: Buffer, isLast: boolean): void {
    const { bodyBytesMax, heldBytes } = this.#rules;
    const streams = this.#framing !== "chunked" && this.#framing > bodyBytesMax;
    if (this.#bytes > bodyBytesMax && !streams) {
      const message = `The request body is larger than ${bodyBytesMax} bytes.`;
      return this.#fail(new LoomError("body_too_large", { message }));
    }
    heldBytes.add(piece.length);
    this.#heldBytes += piece.length;
    if (heldBytes.isOver && piece.length > 0) return this.#fail(new LoomError("overloaded"));
    this.#keep(piece);
    if (isLast) {
      const body = this.#takeHeld();
      this.#state = "done";
      this.#countdown.stop();
      this.#listener.onBody(body, null);
    } else if (streams && this.#bytes >= limits.uploadHeadBytes) this.#handOver(this.#framing);
  }

  #handOver(totalBytes: number): void {
    this.#state = "passing";
    this.#pause();
    const rest: BodyRest = {
      totalBytes,
      start: (listener) => {
        this.#restListener = listener;
        for (const piece of this.#waiting.splice(0)) listener.onBytes(piece);
        if (this.#bytes === totalBytes) this.#endRest();
        else this.#resume();
      },
      pause: () => this.#pause(),
      resume: () => this.#resume(),
    };
    this.#listener.onBody(this.#takeHeld(), rest);
  }

  #pass(piece: Buffer, isLast: boolean): void {
    if (this.#restListener === null) {
      // What was on its way when the client was paused.
      if (piece.length > 0) this.#waiting.push(Buffer.from(piece));
      return;
    }
    if (piece.length > 0) this.#restListener.onBytes(Buffer.from(piece));
    if (isLast) this.#endRest();
  }

  #endRest(): void {
    const listener = this.#restListener;
    this.#state = "done";
    this.stop();
    listener?.onEnd();
  }

  /** The time that the provider takes is not the client's. */
  #pause(): void {
    if (this.#state !== "passing") return;
    this.#countdown.stop();
    this.#source.pause();
  }

  #resume(): void {
    if (this.#state !== "passing" || this.#restListener === null) return;
    if (!this.#countdown.isRunning) this.#countdown.start(this.#rules.bodyTimeoutMs);
    this.#source.resume();
  }

  /** Copies a piece behind those that came before it: once, as fresh memory costs more than the copy. */
  #keep(piece: Buffer): void {
    const at = this.#bytes - piece.length;
    if (this.#bytes > this.#room.length) {
      const bytesMax = this.#framing === "chunked" ? this.#rules.bodyBytesMax : this.#framing;
      const room = Buffer.allocUnsafe(Math.max(this.#bytes, Math.min(bytesMax, this.#bytes * roomFactor)));
      this.#room.copy(room, 0, 0, at);
      this.#room = room;
    }
    piece.copy(this.#room, at);
  }

  #takeHeld(): Buffer {
    const body = this.#room.subarray(0, this.#bytes);
    this.#room = empty;
    return body;
  }

  #fail(error: LoomError): void {
    const listener = this.#restListener ?? this.#listener;
    this.stop();
    listener.onFault(error);
  }
}
