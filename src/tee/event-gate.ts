// Decides which bytes of an upstream event stream may go to the client now. Whole events pass at once, unchanged;
// a part of an event waits for its end (a client can use none of it before); the terminal event waits until the
// record is acknowledged; and the usage chunk that Loom asked for itself does not pass at all. Every byte is looked at
// a fixed number of times, however the provider cuts its stream.
import { limits } from "../limits.js";
import { eventText, eventType, lastBoundary, nextBoundary, splitEvents } from "./event-boundary.js";

const usageMark = Buffer.from('"usage"');
const doneMark = Buffer.from("[DONE]");
const nothing = Buffer.alloc(0);
const colon = 0x3a;
const lf = 0x0a;
const cr = 0x0d;
/** A boundary has at most four bytes, so one that ends here began in the three before. */
const tailBytes = 3;
/** The usage chunk and `[DONE]` are far smaller; of larger events only the beginning is looked at. */
const lookedAtBytes = 64 * 1024;

const noChoices = /"choices"\s*:\s*\[\s*\]/;

/** True for a chunk that carries usage and nothing else: `choices: []` and a usage object. */
function isUsageOnly(text: string): boolean {
  if (!text.includes('"usage"') || !noChoices.test(text)) return false;
  try {
    const chunk = JSON.parse(text) as { choices?: unknown; usage?: unknown } | null;
    if (typeof chunk !== "object" || chunk === null) return false;
    const hasUsage = typeof chunk.usage === "object" && chunk.usage !== null;
    return Array.isArray(chunk.choices) && chunk.choices.length === 0 && hasUsage;
  } catch {
    // What is not JSON is not the chunk that was asked for; it passes as it is.
    return false;
  }
}

/** `flowing`: events pass. `terminal`: the terminal event was seen and everything from it on is held. */
export type GateState = "flowing" | "terminal";

export type GateOptions = {
  readonly dropsUsage: boolean;
  /** Types of events that end a stream, beside `data: [DONE]`. */
  readonly terminalTypes?: readonly string[];
};

export class EventGate {
  readonly #dropsUsage: boolean;
  readonly #terminalTypes: ReadonlySet<string>;
  readonly #terminalMarks: readonly Buffer[];
  #state: GateState = "flowing";
  /** `held`: the part waits for its end. `passed`: it was too long for that, and its rest passes as it comes. */
  #part: "held" | "passed" = "held";
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** The last bytes of the part. */
  #tail: Buffer = nothing;
  /** Whether the part is a comment line that has no end yet. */
  #isComment = false;
  #held: Buffer[] = [];

  constructor({ dropsUsage, terminalTypes = [] }: GateOptions) {
    this.#dropsUsage = dropsUsage;
    this.#terminalTypes = new Set(terminalTypes);
    this.#terminalMarks = [doneMark, ...terminalTypes.map((type) => Buffer.from(type))];
  }

  get state(): GateState {
    return this.#state;
  }

  /** Whether what was passed so far ends between two events, so that one may be put in. */
  get atBoundary(): boolean {
    return this.#part === "held";
  }

  /** Bytes of the part that waits for its end. */
  get partBytes(): number {
    return this.#partBytes;
  }

  /** Takes bytes as they came and gives those that may go on now, perhaps none. */
  push(chunk: Buffer): Buffer {
    if (this.#state === "terminal") {
      this.#held.push(chunk);
      return nothing;
    }
    if (this.#part === "passed") return this.#pushLong(chunk);
    const end = this.#tail.length === 0 ? lastBoundary(chunk) : this.#endAfterTail(chunk, lastBoundary);
    if (end <= 0) return this.#keep(chunk);
    const last = end === chunk.length ? chunk : chunk.subarray(0, end);
    const passed = this.#passEvents(this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]));
    this.#startPart();
    if (end === chunk.length) return passed;
    const rest = chunk.subarray(end);
    if (this.#isTerminal) {
      this.#held.push(rest);
      return passed;
    }
    const more = this.#keep(rest);
    return more.length === 0 ? passed : Buffer.concat([passed, more]);
  }

  /** Everything that was held back: the terminal event and what followed it, or a last event without its end. */
  release(): Buffer {
    const rest = [...this.#held, ...this.#parts];
    this.#held = [];
    this.#startPart();
    return Buffer.concat(rest);
  }

  /** Gives the part that waits for its end, because there is no room for it. */
  spill(): Buffer {
    if (this.#state === "terminal" || this.#parts.length === 0) return nothing;
    const part = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    this.#part = "passed";
    return part;
  }

  /** A getter of its own, since the compiler believes that a call changes nothing. */
  get #isTerminal(): boolean {
    return this.#state === "terminal";
  }

  /** Where in `chunk` the boundary ends that `find` sees in the tail and it; at most 0 when there is none. */
  #endAfterTail(chunk: Buffer, find: (bytes: Buffer) => number): number {
    return find(Buffer.concat([this.#tail, chunk])) - this.#tail.length;
  }

  #pushLong(chunk: Buffer): Buffer {
    const end = this.#endAfterTail(chunk, (bytes) => nextBoundary(bytes, 0));
    if (end <= 0) {
      this.#noteTail(chunk);
      return chunk;
    }
    this.#startPart();
    if (end === chunk.length) return chunk;
    return Buffer.concat([chunk.subarray(0, end), this.push(chunk.subarray(end))]);
  }

  #startPart(): void {
    this.#part = "held";
    this.#parts = [];
    this.#partBytes = 0;
    this.#tail = nothing;
    this.#isComment = false;
  }

  #keep(piece: Buffer): Buffer {
    if (this.#parts.length === 0) this.#isComment = piece[0] === colon;
    this.#parts.push(piece);
    this.#partBytes += piece.length;
    this.#noteTail(piece);
    if (this.#isComment && this.#endsComment(piece)) {
      const comment = Buffer.concat(this.#parts);
      this.#startPart();
      return comment;
    }
    return this.#partBytes > limits.heldEventBytesMax ? this.spill() : nothing;
  }

  /** Whole comment lines are complete without their blank line, such as a keep-alive. */
  #endsComment(piece: Buffer): boolean {
    if (!piece.includes(lf) && !piece.includes(cr)) return false;
    // Whatever this is, the part has a line end now, and is not looked at again.
    this.#isComment = false;
    if (piece[piece.length - 1] !== lf) return false;
    const [, ...more] = piece.toString("latin1", 0, piece.length - 1).split(/\r\n|\n|\r(?!$)/);
    return more.every((line) => line.startsWith(":"));
  }

  #noteTail(piece: Buffer): void {
    const last = piece.length >= tailBytes ? piece : Buffer.concat([this.#tail, piece]);
    this.#tail = Buffer.from(last.subarray(-tailBytes));
  }

  #passEvents(bytes: Buffer): Buffer {
    const mayEnd = this.#terminalMarks.some((mark) => bytes.includes(mark));
    const mayDrop = this.#dropsUsage && bytes.includes(usageMark);
    if (!mayEnd && !mayDrop) return bytes;
    const passed: Buffer[] = [];
    for (const event of splitEvents(bytes)) {
      if (this.#state === "flowing") {
        const text = event.length > lookedAtBytes ? null : eventText(event);
        if (text?.trim() === "[DONE]" || (mayEnd && this.#endsStream(event))) this.#state = "terminal";
        else if (mayDrop && text !== null && isUsageOnly(text)) continue;
      }
      (this.#isTerminal ? this.#held : passed).push(event);
    }
    return passed.length === 1 && passed[0] !== undefined ? passed[0] : Buffer.concat(passed);
  }

  #endsStream(event: Buffer): boolean {
    if (this.#terminalTypes.size === 0) return false;
    return this.#terminalTypes.has(eventType(event.subarray(0, lookedAtBytes)) ?? "");
  }
}
