// Plays one case against a gateway and judges what the client saw of it.
import { connect, type Socket } from "node:net";
import { readAnswers } from "../support/wire.js";
import type { FuzzCase } from "./case.js";

export type Seen = {
  readonly text: string;
  /** `quiet`: nothing came for a while on an open connection; the client left. */
  readonly end: "answered" | "closed" | "left" | "quiet";
};

const anyMarker = /mk(\d+)z[0-9a-z]+k/g;

/** A client's connection, kept from case to case for as long as both sides let it. */
export class Session {
  readonly #port: number;
  #socket: Socket | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends the request and reads until it is answered, the connection ends, or nothing comes for `quietMs`. */
  attack({ request, leavesAfterBytes, kind }: FuzzCase, quietMs: number): Promise<Seen> {
    // A mutated request gets a connection of its own, so that a failure is its own too.
    if (kind === "request") this.close();
    const socket = this.#socket ?? connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    return new Promise((resolve) => {
      let text = "";
      const finish = (end: Seen["end"]): void => {
        clearTimeout(quiet);
        socket.removeAllListeners();
        socket.on("error", () => {});
        if (end !== "answered" || kind === "request" || /^connection: close/im.test(text)) this.close();
        resolve({ text, end });
      };
      const quiet = setTimeout(() => finish("quiet"), quietMs);
      socket.on("data", (bytes) => {
        text += bytes.toString("latin1");
        quiet.refresh();
        if (leavesAfterBytes !== null && text.length >= leavesAfterBytes) finish("left");
        else if (isAnswered(text)) finish("answered");
      });
      socket.on("end", () => finish("closed"));
      socket.on("error", () => finish("closed"));
      const send = (at: number): void => {
        const piece = request[at];
        if (piece !== undefined && !socket.destroyed) {
          socket.write(Buffer.from(piece, "latin1"));
          setImmediate(() => send(at + 1));
        } else if (leavesAfterBytes === 0) finish("left");
      };
      if (socket.connecting) socket.once("connect", () => send(0));
      else send(0);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }
}

function isAnswered(text: string): boolean {
  return /\r\n\r\n/.test(text) && (text.endsWith("}") || text.endsWith("0\r\n\r\n")) && readAnswers(text).length > 0;
}

/** What is wrong with what the client saw; null for nothing. */
export function judge(fuzzCase: FuzzCase, seen: Seen, markerOf: (index: number) => string): string | null {
  const { kind, marker, streamed, answer } = fuzzCase;
  for (const [found, index] of seen.text.matchAll(anyMarker)) {
    // A marker may have been changed by a mutation of its own; another's is one that another case has.
    if (found !== marker && found === markerOf(Number(index))) return `saw another's bytes: ${found}`;
  }
  if (seen.text !== "" && !/^HTTP\/1\.1 \d{3} /.test(seen.text)) return "was answered with something that is not HTTP";
  const answers = readAnswers(seen.text);
  const isWhole = seen.end === "answered" || seen.end === "closed";
  for (const { status, headers, body } of answers) {
    if (body.includes('"internal_error"')) return `met a failure of Loom's own: ${body.slice(0, 300)}`;
    if (headers.has("injected") && kind !== "answer") return "got a header that nobody sent";
    if (headers.has("x-provider-hop") && headers.get("connection")?.includes("x-provider-hop") === true)
      return "got a hop-by-hop header";
    const isStream = headers.get("content-type")?.startsWith("text/event-stream") === true;
    const says = /\[DONE\]|"finish_reason":\s*"|"error"/.test(body);
    if (isWhole && status === 200 && isStream && headers.get("transfer-encoding") === "chunked" && !says && streamed)
      return "got a clean end that was not one";
  }
  if (kind !== "sound") return null;
  const [only, ...more] = answers;
  if (only === undefined || more.length > 0) return `got ${answers.length} answers to a sound request (${seen.end})`;
  if (only.status === 200 && only.body !== answer.body) return "got other bytes than the provider sent";
  // What an unsound answer left on the connection that it shared, and a machine that is too busy.
  return [200, 408, 502, 503, 504].includes(only.status)
    ? null
    : `got ${only.status} for a sound request: ${only.body.slice(0, 200)}`;
}
