// What tells that a stream of events is whole. What makes it so must reach the client after its record is kept, so the
// event gate holds the last event back; and a stream without it was cut. Sources: facts/protocols.md 1.3, 1.8, 1.9.

/**
 * `done`: `[DONE]`, or a finish reason. `responses`, `audio`: the event that ends a response, a transcript or a speech.
 * `http`: nothing but the end of the HTTP body. See `Endpoint.streamEnd` in route/endpoints.ts.
 */
export type StreamEnd = "done" | "responses" | "audio" | "http";

/** Types of events that end a stream, beside `data: [DONE]`. */
export const terminalTypes: Readonly<Record<StreamEnd, readonly string[]>> = {
  done: [],
  responses: ["response.completed", "response.failed", "response.incomplete"],
  audio: ["transcript.text.done", "speech.audio.done"],
  http: [],
};

const straddleBytes = 64;

/** Finds a terminal event also where it is too large for the gate to hold: by its type, as the bytes go by. */
export class EndWatch {
  readonly #marks: readonly Buffer[];
  readonly #pattern: RegExp;
  #state: "open" | "seen" = "open";
  #last: Buffer = Buffer.alloc(0);

  constructor(types: readonly string[]) {
    this.#marks = types.map((type) => Buffer.from(type));
    const names = types.map((type) => type.replaceAll(".", "\\.")).join("|");
    // A quote or a line break within content is escaped in JSON, so that content never looks like this.
    this.#pattern = new RegExp(`[\\r\\n]event: ?(?:${names})[\\r\\n]|"type"\\s*:\\s*"(?:${names})"`);
  }

  get seen(): boolean {
    return this.#state === "seen";
  }

  look(bytes: Buffer): void {
    if (this.#state === "seen") return;
    const joined = this.#last.length === 0 ? bytes : Buffer.concat([this.#last, bytes]);
    const mayHave = this.#marks.some((mark) => joined.includes(mark));
    if (mayHave && this.#pattern.test(joined.toString("latin1"))) this.#state = "seen";
    this.#last = Buffer.from(joined.subarray(-straddleBytes));
  }
}
