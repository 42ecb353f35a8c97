// One answer on its way to the client: bytes to the client first, capture second. What makes the answer complete
// (the whole body of a plain one, the terminal event of a stream, the last piece of what cannot be read) is held back
// until its record is acknowledged.
import { limits } from "../limits.js";
import type { StreamTimes } from "../trace/record.js";
import type { AnswerForm } from "./answer-form.js";
import { ArrivalTimes } from "./arrival-times.js";
import { Capture } from "./capture.js";
import { EventGate } from "./event-gate.js";
import { saysOver, tailBytes } from "./finish-mark.js";
import { EndWatch, type StreamEnd, terminalTypes } from "./stream-end.js";

/** The client's side, as far as the tee needs it. */
export type Downstream = {
  /** Both give false when the client reads too slowly. */
  start(first: Uint8Array): boolean;
  write(bytes: Uint8Array): boolean;
  send(body: Uint8Array): void;
  end(last: Uint8Array): void;
};

/** Bytes held in memory for all answers together. */
export type HeldAnswers = {
  add(bytes: number): void;
  readonly isOver: boolean;
  whenFree(listener: () => void): void;
};

export type TeeOptions = {
  readonly form: AnswerForm;
  readonly dropsUsage: boolean;
  /** What makes a stream whole. */
  readonly streamEnd: StreamEnd;
  readonly captureBytesMax: number;
  /** When the exchange began, monotonic ms: what the times of a stream are counted from. */
  readonly receivedAtMs: number;
  /** After how much silence a stream gets a comment; null for none. */
  readonly keepAliveCommentsMs: number | null;
  readonly held: HeldAnswers;
  readonly downstream: Downstream;
  /** The client reads more slowly than the provider sends. */
  readonly onSlowClient: () => void;
  /** There are too many bytes in memory, or no longer. */
  readonly onMemory: (state: "held" | "free") => void;
  readonly sendChunk: (bytes: readonly Uint8Array[]) => void;
  /** Called once, when the terminal event has come: nothing that matters follows it. */
  readonly onTerminal: () => void;
};

const nothing = Buffer.alloc(0);
const comment = Buffer.from(":\n\n");

export class Tee {
  readonly capture: Capture;
  readonly #options: TeeOptions;
  readonly #gate: EventGate | null;
  /** For streams whose last event may be too large to be held. */
  readonly #watch: EndWatch | null;
  readonly #arrivals: ArrivalTimes | null;
  #state: "waiting" | "started" = "waiting";
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** How much of a plain answer is held: the bound, or all but the last piece passes. */
  #holdsBytes: number;
  /** What the sum of all answers knows of this one. */
  #countedBytes = 0;
  #silence: NodeJS.Timeout | null = null;
  #isOver = false;
  /** The last pieces of a stream, for `saysOver`. */
  #recent: Buffer[] = [];
  #recentBytes = 0;

  constructor(options: TeeOptions) {
    this.#options = options;
    this.#holdsBytes = options.form === "plain" ? limits.heldAnswerBytesMax : 0;
    this.capture = new Capture({ bytesMax: options.captureBytesMax, sendChunk: options.sendChunk });
    const types = terminalTypes[options.streamEnd];
    const { form, dropsUsage } = options;
    this.#gate = form === "events" ? new EventGate({ dropsUsage, terminalTypes: types }) : null;
    this.#watch = form === "events" && types.length > 0 ? new EndWatch(types) : null;
    this.#arrivals = form === "events" ? new ArrivalTimes(options.receivedAtMs) : null;
    if (this.#gate !== null && options.keepAliveCommentsMs !== null)
      this.#silence = setTimeout(() => this.#breakSilence(), options.keepAliveCommentsMs).unref();
  }

  /** Whether any byte of the answer has gone to the client. */
  get hasStarted(): boolean {
    return this.#state === "started";
  }

  /** Whether an event may be put in after what the client has. */
  get atEventBoundary(): boolean {
    return this.#gate?.atBoundary ?? false;
  }

  /** When the bytes of a stream came, as far as it has come; null for other answers. */
  get streamTimes(): StreamTimes | null {
    return this.#arrivals?.times ?? null;
  }

  /** Takes bytes from upstream; what comes after `stop` is nobody's. */
  take(bytes: Buffer): void {
    if (this.#isOver) return;
    // Before the client's write, which may take a while: it is the moment of the arrival that is asked for.
    this.#arrivals?.note(this.capture.seenBytes + bytes.length);
    if (this.#gate === null) this.#takePlain(bytes);
    else this.#takeEvents(this.#gate, bytes);
    this.capture.add(bytes);
    this.#count();
    if (this.#options.held.isOver) this.#makeRoom();
  }

  /** Whether a clean end of the upstream's bytes is the end of a whole answer. */
  get isComplete(): boolean {
    if (this.#gate === null || this.#gate.state === "terminal") return true;
    return this.#options.streamEnd === "http" || this.#watch?.seen === true || saysOver(this.#recent);
  }

  /** Gives the client what was held back, and a clean end. Call it once the record is acknowledged. */
  release(): void {
    const rest = this.#gate === null ? this.#takeParts() : this.#gate.release();
    const { downstream, form } = this.#options;
    if (this.#state === "started") downstream.end(rest);
    else if (form !== "events") downstream.send(rest);
    else {
      downstream.start(nothing);
      downstream.end(rest);
    }
    this.#state = "started";
  }

  /** Nothing more comes from upstream: gives what the capture has not sent, and counts as nothing from here on. */
  stop(): readonly Uint8Array[] {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
    this.#isOver = true;
    this.#options.held.add(-this.#countedBytes);
    this.#countedBytes = 0;
    return this.capture.takeRest();
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
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
    if (this.#partBytes > this.#holdsBytes) this.#passAllButLast();
  }

  /** Too large to hold whole, or not to be held: the end still waits for its record. */
  #passAllButLast(): void {
    const last = this.#parts.pop();
    if (last === undefined) return;
    const passed = this.#takeParts();
    this.#parts = [last];
    this.#partBytes = last.length;
    this.#holdsBytes = 0;
    if (passed.length > 0) this.#pass(passed);
  }

  #pass(bytes: Buffer): void {
    const { downstream, onSlowClient } = this.#options;
    const flowing = this.#state === "started" ? downstream.write(bytes) : downstream.start(bytes);
    this.#state = "started";
    this.#silence?.refresh();
    if (!flowing) onSlowClient();
  }

  /** Only what drains by itself or can be let go counts, so that no answer waits for room that it holds itself. */
  #count(): void {
    const loose = this.#options.form === "plain" && this.#holdsBytes > 0 ? this.#partBytes : 0;
    const bytes = loose + (this.#gate?.partBytes ?? 0) + this.capture.pendingBytes;
    this.#options.held.add(bytes - this.#countedBytes);
    this.#countedBytes = bytes;
  }

  #makeRoom(): void {
    if (this.#gate === null) this.#passAllButLast();
    else {
      const part = this.#gate.spill();
      if (part.length > 0) this.#pass(part);
    }
    this.capture.flush();
    this.#count();
    const { held, onMemory } = this.#options;
    if (!held.isOver) return;
    onMemory("held");
    held.whenFree(() => onMemory("free"));
  }

  #breakSilence(): void {
    const gate = this.#gate;
    if (gate === null || this.#silence === null) return;
    if (gate.state === "flowing" && gate.atBoundary) this.#pass(comment);
    else this.#silence.refresh();
  }

  #takeParts(): Buffer {
    const parts = this.#parts;
    this.#parts = [];
    this.#partBytes = 0;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }
}
