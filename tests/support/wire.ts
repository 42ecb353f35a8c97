// One front end by itself, in the test's own process, and raw sockets to talk to it: what it hands over is written
// down, so that a test can prove that nothing else would ever have been forwarded.
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Exchange } from "../../src/listen/exchange.js";
import { type FrontEndName, openFrontEnd } from "../../src/listen/front-end.js";
import type { ListenOptions } from "../../src/listen/listen.js";

export const frontEndNames: readonly FrontEndName[] = ["native", "node"];

export type Wire = {
  readonly port: number;
  /** What was handed over, in order. */
  readonly exchanges: Exchange[];
  /** Codes of what was refused before. */
  readonly refused: string[];
  readonly open: number;
  close(): void;
};

export type WireOptions = Partial<Omit<ListenOptions, "chunkedRequests">> & {
  readonly chunkedRequests?: "refuse" | "accept" | null;
};

/** Answers with the method, the target and the body in JSON, unless `onExchange` is given. */
export async function openWire(name: FrontEndName, options: WireOptions = {}): Promise<Wire> {
  const home = mkdtempSync(join(tmpdir(), "loom-wire-"));
  const frontEnd = openFrontEnd({ asked: name, home, acceptedSha256: null });
  const exchanges: Exchange[] = [];
  const refused: string[] = [];
  const answer = ({ method, path, query, body, reply }: Exchange): void =>
    reply.send(
      200,
      [["content-type", "application/json"]],
      JSON.stringify({ method, path, query, body: body.toString() }),
    );
  const listener = await frontEnd.listen({
    host: "127.0.0.1",
    port: 0,
    sharesPort: false,
    chunkedRequests: null,
    bodyBytesMax: 64 * 1024,
    uploadBytesMax: 1024 * 1024,
    headersTimeoutMs: 10_000,
    keepAliveTimeoutMs: 10_000,
    bodyTimeoutMs: 30_000,
    writeTimeoutMs: 30_000,
    exchangeTimeoutMs: 60_000,
    exchangesMax: 1000,
    heldBytes: { add: () => {}, isOver: false },
    ...options,
    onExchange: (exchange) => {
      exchanges.push(exchange);
      (options.onExchange ?? answer)(exchange);
    },
    onRefused: (error) => refused.push(error.code),
  });
  return {
    port: listener.port,
    exchanges,
    refused,
    get open() {
      return listener.open;
    },
    close() {
      void listener.stop();
      listener.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A client's connection. */
export class Talk {
  readonly socket: Socket;
  text = "";
  state: "open" | "ended" = "open";

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (bytes) => (this.text += bytes.toString("latin1")));
    this.socket.on("close", () => (this.state = "ended"));
    this.socket.on("end", () => (this.state = "ended"));
    this.socket.on("error", () => {
      // A reset is an end too.
    });
  }

  /** Writes each piece in a segment of its own. */
  async write(pieces: readonly string[], gapMs = 5): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await sleep(gapMs);
      if (this.socket.destroyed) return;
      this.socket.write(Buffer.from(piece, "latin1"));
    }
  }

  /** Waits until so many whole answers came, or the connection ended, or the time is over. */
  async answers(count = 1, timeoutMs = 5000): Promise<Answer[]> {
    await this.until(() => readAnswers(this.text).length >= count, timeoutMs);
    return readAnswers(this.text);
  }

  /** Waits for `condition`, or the end of the connection. */
  async until(condition: () => boolean, timeoutMs = 5000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition() && this.state === "open" && performance.now() < deadline) await sleep(2);
  }

  async ended(timeoutMs = 5000): Promise<boolean> {
    await this.until(() => false, timeoutMs);
    return this.state === "ended";
  }

  close(): void {
    this.socket.destroy();
  }
}

export type Answer = { readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly body: string };

/** The whole answers at the beginning of `text`; interim ones are left out. */
export function readAnswers(text: string): Answer[] {
  const answers: Answer[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end === -1) return answers;
    const [first = "", ...lines] = text.slice(at, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    at = end + 4;
    if (status < 200) continue;
    const body = headers.get("transfer-encoding") === "chunked" ? readChunks(text, at) : readLength(text, at, headers);
    if (body === null) return answers;
    answers.push({ status, headers, body: body.text });
    at = body.end;
  }
}

function readLength(
  text: string,
  at: number,
  headers: ReadonlyMap<string, string>,
): { text: string; end: number } | null {
  // An answer without a length ends with the connection.
  const length = headers.get("content-length");
  const end = length === undefined ? text.length : at + Number(length);
  return end > text.length ? null : { text: text.slice(at, end), end };
}

/** Null while the last chunk has not come. */
export function readChunks(text: string, from: number): { text: string; end: number } | null {
  let at = from;
  let body = "";
  for (;;) {
    // uWebSockets.js writes the line end of a chunk with the next one.
    if (text.startsWith("\r\n", at)) at += 2;
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (text.length < at + size) return null;
    if (size === 0) return text.startsWith("\r\n", at) ? { text: body, end: at + 2 } : null;
    body += text.slice(at, at + size);
    at += size;
  }
}
