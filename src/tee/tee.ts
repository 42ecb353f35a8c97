// One answer on its way to the client: bytes to the client first, capture second. What makes the answer complete
// (the whole body of a plain one, the terminal event of a stream) is held back until its record is acknowledged.
import { limits } from "../limits.js";
import { Capture } from "./capture.js";
import { EventGate } from "./event-gate.js";
import { saysOver, tailBytes } from "./finish-mark.js";
import { EndWatch, type StreamEnd, terminalRules } from "./stream-end.js";

/** The client's side, as far as the tee needs it. */
export type Downstream = {
  /** Both give false when the client reads too slowly. */
  start(first: Uint8Array): boolean;
  write(bytes: Uint8Array): boolean;
  send(body: Uint8Array): void;
  end(last: Uint8Array): void;
};

export type TeeOptions = {
  /** Whether the answer is an event stream. */
  readonly events: boolean;
  /** What makes a stream whole; `done` when left out. */
  readonly streamEnd?: StreamEnd;
  readonly dropsUsage: boolean;
  readonly downstream: Downstream;
  /** The client reads more slowly than the provider sends. */
  readonly onSlowClient: () => void;
  readonly sendChunk: (bytes: readonly Uint8Array[]) => void;
  /** Called once, when the terminal event has come: nothing that matters follows it. */
  readonly onTerminal: () => void;
};

const nothing = Buffer.alloc(0);

export class Tee {
  readonly capture: Capture;
  readonly #options: TeeOptions;
  readonly #gate: EventGate | null;
  /** For streams whose last event may be too large to be held. */
  readonly #watch: EndWatch | null;
  #started = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The last pieces of a stream, for `saysOver`. */
  #recent: Buffer[] = [];
  #recentBytes = 0;

  constructor(options: TeeOptions) {
    this.#options = options;
    this.capture = new Capture(options.sendChunk);
    const { events, dropsUsage, streamEnd = "done" } = options;
    this.#gate = events ? new EventGate({ dropsUsage, terminal: terminalRules[streamEnd] }) : null;
    this.#watch = events && (streamEnd === "responses" || streamEnd === "audio") ? new EndWatch(streamEnd) : null;
  }

  /** Whether any byte of the answer has gone to the client. */
  get hasStarted(): boolean {
    return this.#started;
  }

  /** Whether an event may be put in after what the client has. */
  get atEventBoundary(): boolean {
    return this.#gate?.atBoundary ?? false;
  }

  /** Takes bytes from upstream. */
  take(bytes: Buffer): void {
    if (this.#gate === null) this.#takePlain(bytes);
    else this.#takeEvents(this.#gate, bytes);
    this.capture.add(bytes);
  }

  /** Whether a clean end of the upstream's bytes is the end of a whole answer. */
  get isComplete(): boolean {
    if (this.#gate === null || this.#gate.state === "terminal") return true;
    if (this.#watch?.seen === true || this.#options.streamEnd === "http") return true;
    return saysOver(this.#recent);
  }

  /** Gives the client what was held back, and a clean end. Call it once the record is acknowledged. */
  release(): void {
    const rest = this.#gate === null ? this.#joinHeld() : this.#gate.release();
    if (this.#started) this.#options.downstream.end(rest);
    else if (this.#gate === null) this.#options.downstream.send(rest);
    else {
      this.#started = true;
      this.#options.downstream.start(nothing);
      this.#options.downstream.end(rest);
    }
  }

  #takeEvents(gate: EventGate, bytes: Buffer): void {
    const before = gate.state;
    const passed = gate.push(bytes);
    if (passed.length > 0) this.#pass(passed);
    this.#remember(bytes);
    this.#watch?.look(bytes);
    if (before === "flowing" && gate.state === "terminal") this.#options.onTerminal();
  }

  /** Keeps as many pieces as make up the tail, however small they are. */
  #remember(bytes: Buffer): void {
    this.#recent.push(bytes);
    this.#recentBytes += bytes.length;
    while (this.#recent[0] !== undefined && this.#recentBytes - this.#recent[0].length >= tailBytes) {
      this.#recentBytes -= this.#recent[0].length;
      this.#recent.shift();
    }
  }

  #takePlain(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= limits.heldAnswerBytesMax) return;
    // Too large to hold whole: all but the last piece goes on, so that the end still waits for its record.
    this.#held.pop();
    const passed = this.#joinHeld();
    this.#held = [bytes];
    this.#heldBytes = limits.heldAnswerBytesMax;
    this.#pass(passed);
  }

  #pass(bytes: Buffer): void {
    const { downstream, onSlowClient } = this.#options;
    const flowing = this.#started ? downstream.write(bytes) : downstream.start(bytes);
    this.#started = true;
    if (!flowing) onSlowClient();
  }

  #joinHeld(): Buffer {
    const [only] = this.#held;
    const joined = this.#held.length === 1 && only !== undefined ? only : Buffer.concat(this.#held);
    this.#held = [];
    return joined;
  }
}
