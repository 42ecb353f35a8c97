// Decides which bytes of an upstream event stream may go to the client now. Whole events pass at once, unchanged;
// a part of an event waits for its end (a client can use none of it before); the terminal event waits until the
// record is acknowledged; and the usage chunk that Loom asked for itself does not pass at all.
import { limits } from "../limits.js";
import { eventText, lastBoundary, splitEvents } from "./event-boundary.js";
import { type TerminalRule, terminalRules } from "./stream-end.js";

const usageMark = Buffer.from('"usage"');
const nothing = Buffer.alloc(0);
const colon = 0x3a;
const lf = 0x0a;

/** True for a chunk that carries usage and nothing else: `choices: []` and a usage object. */
function isUsageOnly(text: string): boolean {
  if (!text.includes('"usage"')) return false;
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

/** True for whole comment lines and nothing else, such as a keep-alive: they are complete without their blank line. */
function isComment(part: Buffer): boolean {
  if (part[0] !== colon || part[part.length - 1] !== lf) return false;
  const lines = part.toString("latin1", 0, part.length - 1).split(/\r\n|\n|\r(?!$)/);
  return lines.every((line) => line.startsWith(":"));
}

/** `flowing`: events pass. `terminal`: the terminal event was seen and everything from it on is held. */
export type GateState = "flowing" | "terminal";

export class EventGate {
  readonly #dropsUsage: boolean;
  readonly #terminal: TerminalRule;
  #state: GateState = "flowing";
  #part: Buffer = nothing;
  #held: Buffer[] = [];
  #atBoundary = true;

  /** `terminal`: which event is the last one; `[DONE]` when left out. */
  constructor(options: { readonly dropsUsage: boolean; readonly terminal?: TerminalRule }) {
    this.#dropsUsage = options.dropsUsage;
    this.#terminal = options.terminal ?? terminalRules.done;
  }

  get state(): GateState {
    return this.#state;
  }

  /** Whether what was passed so far ends between two events, so that one may be put in. */
  get atBoundary(): boolean {
    return this.#atBoundary;
  }

  /** Takes bytes as they came and gives those that may go on now, perhaps none. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#part.length === 0 ? chunk : Buffer.concat([this.#part, chunk]);
    this.#part = nothing;
    if (this.#state === "terminal") {
      this.#held.push(bytes);
      return nothing;
    }
    const end = lastBoundary(bytes);
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end);
    const passed = whole.length === 0 ? nothing : this.#passEvents(whole);
    if (passed.length > 0) this.#atBoundary = true;
    if (end === bytes.length) return passed;
    return this.#keepPart(bytes.subarray(end), passed);
  }

  /** Everything that was held back: the terminal event and what followed it, or a last event without its end. */
  release(): Buffer {
    const rest = [...this.#held, this.#part];
    this.#held = [];
    this.#part = nothing;
    return Buffer.concat(rest);
  }

  #keepPart(part: Buffer, passed: Buffer): Buffer {
    if (this.#state === "terminal") {
      this.#held.push(part);
      return passed;
    }
    const passes = isComment(part);
    if (!passes && part.length <= limits.heldEventBytesMax) {
      this.#part = part;
      return passed;
    }
    this.#atBoundary = passes;
    return passed.length === 0 ? part : Buffer.concat([passed, part]);
  }

  #passEvents(bytes: Buffer): Buffer {
    const mayEnd = this.#terminal.marks.some((mark) => bytes.includes(mark));
    const mayDrop = this.#dropsUsage && bytes.includes(usageMark);
    if (!mayEnd && !mayDrop) return bytes;
    const passed: Buffer[] = [];
    for (const event of splitEvents(bytes)) {
      if (this.#state === "flowing") {
        const text = eventText(event);
        if (mayEnd && this.#terminal.isTerminal(event, text)) this.#state = "terminal";
        else if (mayDrop && text !== null && isUsageOnly(text)) continue;
      }
      (this.#state === "terminal" ? this.#held : passed).push(event);
    }
    return passed.length === 1 && passed[0] !== undefined ? passed[0] : Buffer.concat(passed);
  }
}
