// Which event of a stream is its last one. What makes a stream whole must reach the client after its record is kept,
// so the event gate holds this event back; and a stream without it was cut. Sources: facts/protocols.md 1.3, 1.8, 1.9.

/** See `Endpoint.streamEnd` in route/endpoints.ts. */
export type StreamEnd = "done" | "responses" | "audio" | "http";

export type TerminalRule = {
  /** Bytes without one of these have no terminal event. */
  readonly marks: readonly Buffer[];
  /** `event` is one whole event, `text` its data. */
  isTerminal(event: Buffer, text: string | null): boolean;
};

const doneMark = Buffer.from("[DONE]");
const isDone = (text: string | null): boolean => text?.trim() === "[DONE]";

/** A quote or a line break within content is escaped in JSON, so that content never looks like this. */
function typedRule(types: readonly string[]): TerminalRule {
  const names = types.map((type) => type.replaceAll(".", "\\.")).join("|");
  const pattern = new RegExp(`(?:^|[\\r\\n])event: ?(?:${names})[\\r\\n]|"type"\\s*:\\s*"(?:${names})"`);
  return {
    marks: [doneMark, ...types.map((type) => Buffer.from(type))],
    isTerminal: (event, text) => pattern.test(event.toString("latin1")) || isDone(text),
  };
}

export const terminalRules: Readonly<Record<StreamEnd, TerminalRule>> = {
  done: { marks: [doneMark], isTerminal: (_event, text) => isDone(text) },
  responses: typedRule(["response.completed", "response.failed", "response.incomplete"]),
  audio: typedRule(["transcript.text.done", "speech.audio.done"]),
  http: { marks: [doneMark], isTerminal: (_event, text) => isDone(text) },
};

const straddle = 64;

/** Finds a terminal event also where it is too large for the gate to hold: by its name, as the bytes go by. */
export class EndWatch {
  readonly #rule: TerminalRule;
  #state: "open" | "seen" = "open";
  #last: Buffer = Buffer.alloc(0);

  constructor(streamEnd: StreamEnd) {
    this.#rule = terminalRules[streamEnd];
  }

  get seen(): boolean {
    return this.#state === "seen";
  }

  look(bytes: Buffer): void {
    if (this.#state === "seen") return;
    const joined = this.#last.length === 0 ? bytes : Buffer.concat([this.#last, bytes]);
    const { marks, isTerminal } = this.#rule;
    if (marks.some((mark) => joined.includes(mark)) && isTerminal(joined, null)) this.#state = "seen";
    // A short chunk must not push out what an earlier one began.
    this.#last = Buffer.from(joined.subarray(Math.max(0, joined.length - straddle)));
  }
}
