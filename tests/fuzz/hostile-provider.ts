// The provider of the fuzzer: answers each request with the bytes that its case says, and writes down what must never
// reach a provider.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import type { FuzzCase } from "./case.js";

/** A client may say what it likes in these. */
const free = /^(?:content-type|accept|user-agent|openai-beta|idempotency-key|x-client-request-id):.*$/gim;
const never = /secret-|x-client|smuggled|sk-loom|x-forwarded|proxy-|^(?:upgrade|expect|trailer|te):/im;
const markerForm = /mk(\d+)z[0-9a-z]+k/;
const canned = "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}";

export class HostileProvider {
  readonly faults: string[] = [];
  calls = 0;
  lastHead = "";
  /** Case number -> its answer, while the case runs. */
  readonly cases = new Map<number, FuzzCase>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  async start(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (;;) {
        const end = text.indexOf("\r\n\r\n");
        if (end === -1) return;
        const head = text.slice(0, end);
        const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        const body = text.slice(end + 4, end + 4 + length);
        text = text.slice(end + 4 + length);
        void this.#answer(socket, head, body);
      }
    });
  }

  async #answer(socket: Socket, head: string, body: string): Promise<void> {
    this.calls += 1;
    this.lastHead = `${head}\r\n`;
    if (!/^[A-Z]+ \/v1\/\S* HTTP\/1\.1\r\n/.test(head) || never.test(head.replace(free, "").replace(/^.*/, "")))
      this.faults.push(`the provider was sent: ${JSON.stringify(head)}`);
    const found = this.cases.get(Number(markerForm.exec(body)?.[1] ?? -1));
    if (found === undefined || !body.includes(found.marker)) {
      socket.write(canned);
      return;
    }
    for (const piece of found.answer.pieces) {
      if (socket.destroyed) return;
      socket.write(Buffer.from(piece, "latin1"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (found.answer.afterwards === "end") socket.end();
    if (found.answer.afterwards === "reset") socket.resetAndDestroy();
  }
}
