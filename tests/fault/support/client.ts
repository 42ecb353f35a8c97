// The client of a fault run: sends exchanges by their plans, keeps every byte that it received and how each one
// ended, and judges nothing.
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { type ExchangePlan, requestBody } from "./plan.js";

/**
 * How it ended. `whole`: a clean and complete answer. `refused`: an error reply of Loom. `cut`: the connection broke,
 * or an error event came, after the head. `failed`: it broke before. `unsent`: nothing listened. `left`: we went away.
 */
export type ClientEnd = "whole" | "refused" | "cut" | "failed" | "unsent" | "left";

export type ClientNote = {
  readonly plan: ExchangePlan;
  /** Loom's id of the exchange, once its head has come. */
  traceId: string | null;
  status: number | null;
  /** Of an error reply. */
  errorCode: string | null;
  /** The header, where it is there. */
  retryAfter: string | null;
  bytes: Buffer;
  /** Null while it runs. */
  end: ClientEnd | null;
  readonly startedAtMs: number;
  endedAtMs: number;
  /** When the last byte came, in ms since the start of the process. */
  lastByteAtMs: number;
};

/** When the client goes away by itself. */
export type Leaving =
  | { readonly at: "connect" | "half of the body" | "sent" | "head"; readonly by: "fin" | "rst" }
  | { readonly at: "bytes"; readonly bytes: number; readonly by: "fin" | "rst" };

const doneMark = Buffer.from("data: [DONE]\n\n");
/** Longer than any fault lasts: an answer that does not come is a fault of its own. */
const patienceMs = 120_000;

export class FaultClient {
  readonly notes = new Map<string, ClientNote>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2048 });

  /** Sends one exchange; resolves when it has ended, however it did. Never rejects. */
  send(url: string, key: string, plan: ExchangePlan, leaving: Leaving | null = null): Promise<ClientNote> {
    const nowMs = performance.now();
    const note: ClientNote = {
      plan,
      traceId: null,
      status: null,
      errorCode: null,
      retryAfter: null,
      bytes: Buffer.alloc(0),
      end: null,
      startedAtMs: nowMs,
      endedAtMs: nowMs,
      lastByteAtMs: nowMs,
    };
    this.notes.set(plan.id, note);
    return new Promise((resolve) => {
      new Sending(note, leaving, () => resolve(note)).start(url, key, this.#agent);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Sending {
  readonly #note: ClientNote;
  readonly #leaving: Leaving | null;
  readonly #onEnd: () => void;
  readonly #parts: Buffer[] = [];
  #got = 0;
  #request: ClientRequest | null = null;

  constructor(note: ClientNote, leaving: Leaving | null, onEnd: () => void) {
    this.#note = note;
    this.#leaving = leaving;
    this.#onEnd = onEnd;
  }

  start(url: string, key: string, agent: Agent): void {
    const body = requestBody(this.#note.plan);
    const leaving = this.#leaving;
    const sent = request(`${url}/v1/chat/completions`, {
      method: "POST",
      // A connection that will be broken is nobody else's.
      agent: leaving === null ? agent : false,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "content-length": body.length,
        "x-request-id": this.#note.plan.id,
      },
    });
    this.#request = sent;
    sent.setTimeout(patienceMs, () => sent.destroy(new Error("no byte for too long")));
    sent.on("response", (response) => this.#read(response));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      if (this.#note.status !== null) this.#finish("cut");
      else this.#finish(error.code === "ECONNREFUSED" ? "unsent" : "failed");
    });
    if (leaving?.at === "connect") sent.on("socket", (socket) => socket.once("connect", () => this.#leave()));
    else if (leaving?.at === "half of the body") sent.write(body.subarray(0, body.length >> 1), () => this.#leave());
    else sent.end(body, () => leaving?.at === "sent" && this.#leave());
  }

  #read(response: IncomingMessage): void {
    const note = this.#note;
    note.status = response.statusCode ?? 0;
    const traceId = response.headers["x-loom-trace-id"];
    note.traceId = typeof traceId === "string" ? traceId : null;
    note.retryAfter = response.headers["retry-after"] ?? null;
    const leaving = this.#leaving;
    if (leaving?.at === "head") this.#leave();
    response.on("data", (bytes: Buffer) => {
      this.#parts.push(bytes);
      this.#got += bytes.length;
      note.lastByteAtMs = performance.now();
      if (leaving?.at === "bytes" && this.#got >= leaving.bytes) this.#leave();
    });
    response.on("error", () => this.#finish("cut"));
    response.on("close", () => this.#finish(response.complete ? this.#endOf(response) : "cut"));
  }

  #endOf(response: IncomingMessage): ClientEnd {
    if ((response.statusCode ?? 0) >= 400) return "refused";
    if (!this.#note.plan.streamed) return "whole";
    const all = Buffer.concat(this.#parts.slice(-3));
    return all.subarray(-doneMark.length).equals(doneMark) ? "whole" : "cut";
  }

  #leave(): void {
    const socket = this.#request?.socket ?? null;
    this.#finish("left");
    if (this.#leaving?.by === "rst" && socket !== null) socket.resetAndDestroy();
    else this.#request?.destroy();
  }

  #finish(end: ClientEnd): void {
    const note = this.#note;
    if (note.end !== null) return;
    note.end = end;
    note.endedAtMs = performance.now();
    note.bytes = Buffer.concat(this.#parts);
    if (end === "refused") note.errorCode = /"code":"(\w+)"/.exec(note.bytes.toString())?.[1] ?? null;
    this.#onEnd();
  }
}
