// One kept connection with at most one request open on it, for the loads that autocannon cannot make.
import { connect, type Socket } from "node:net";
import { ResponseReader } from "./response-reader.js";

/** A request's bytes as they go to the wire, without its key. */
export type RequestForm = {
  readonly host: string;
  readonly port: number;
  readonly head: string;
  readonly body: Buffer;
};

export type ConnectionEvents = {
  /** The open request was answered. */
  readonly onAnswer: (connection: Connection, status: number) => void;
  /** The connection is of no use any more; `wasBusy`: its request will get no answer. */
  readonly onEnd: (connection: Connection, wasBusy: boolean) => void;
};

/** What every request to a target has in common. Throws for an address that is not plain HTTP. */
export function formRequest(url: string, body: string, headers: Readonly<Record<string, string>> = {}): RequestForm {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  if (protocol !== "http:") throw new Error(`${url} is not http`);
  const bytes = Buffer.from(body);
  const lines = [
    `POST ${pathname}${search} HTTP/1.1`,
    `host: ${host}`,
    "content-type: application/json",
    `content-length: ${bytes.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return { host: hostname, port: Number(port || 80), head: lines.join("\r\n"), body: bytes };
}

/** The whole request in one piece, so that it leaves in one write. */
export function joinRequest({ head, body }: RequestForm, key: string): Buffer {
  return Buffer.concat([Buffer.from(`${head}\r\nauthorization: Bearer ${key}\r\n\r\n`), body]);
}

export class Connection {
  /** When the open request was due; whoever sends it keeps its time here. */
  dueMs = 0;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #reader = new ResponseReader();
  #state: "idle" | "busy" | "ended" = "idle";

  constructor({ host, port }: RequestForm, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on("data", (piece: Buffer) => this.#read(piece));
    this.#socket.on("error", () => this.#end());
    this.#socket.on("close", () => this.#end());
  }

  /** Bytes written before the connection is up wait for it. */
  send(request: Buffer): void {
    this.#state = "busy";
    this.#socket.write(request);
  }

  close(): void {
    this.#state = "ended";
    this.#socket.destroy();
  }

  #read(piece: Buffer): void {
    if (this.#state === "ended") return;
    try {
      const answer = this.#reader.read(piece);
      if (answer === null) return;
      if (this.#state !== "busy") throw new Error("an answer without a request");
      this.#state = "idle";
      this.#events.onAnswer(this, answer.status);
      if (!answer.keepsAlive) this.#end();
    } catch {
      // Whatever it said was no answer: the request counts as unanswered.
      this.#end();
    }
  }

  #end(): void {
    if (this.#state === "ended") return;
    const wasBusy = this.#state === "busy";
    const last = wasBusy ? this.#reader.end() : null;
    this.#state = "ended";
    this.#socket.destroy();
    if (last !== null) this.#events.onAnswer(this, last.status);
    this.#events.onEnd(this, wasBusy && last === null);
  }
}
