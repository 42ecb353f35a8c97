// A client's connection behind node:http.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientWire, hasNoBody, isWritable } from "./client-wire.js";
import type { HeaderList } from "./exchange.js";
import type { BodySource } from "./read-body.js";

/** The form that writeHead takes: names and values in turn. */
function flatHeaders(headers: HeaderList): string[] {
  const flat: string[] = [];
  for (const [name, value] of headers) if (isWritable(name, value)) flat.push(name, value);
  return flat;
}

export class NodeWire implements ClientWire, BodySource {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #writeTimeoutMs: number;

  constructor(request: IncomingMessage, response: ServerResponse, writeTimeoutMs: number) {
    this.#request = request;
    this.#response = response;
    this.#writeTimeoutMs = writeTimeoutMs;
  }

  send(status: number, headers: HeaderList, body: Uint8Array | string, closes: boolean): void {
    const flat = flatHeaders(headers);
    if (!hasNoBody(status)) flat.push("content-length", String(Buffer.byteLength(body)));
    if (closes) flat.push("connection", "close");
    this.#response.writeHead(status, flat);
    this.#response.end(hasNoBody(status) ? undefined : body);
    this.#endInTime();
  }

  start(status: number, headers: HeaderList, first: Uint8Array, closes: boolean): boolean {
    const flat = flatHeaders(headers);
    if (closes) flat.push("connection", "close");
    this.#response.writeHead(status, flat);
    if (first.byteLength > 0) return this.#response.write(first);
    this.#response.flushHeaders();
    return true;
  }

  write(bytes: Uint8Array): boolean {
    return this.#response.write(bytes);
  }

  end(last: Uint8Array | undefined): void {
    if (last !== undefined && last.byteLength > 0) this.#response.end(last);
    else this.#response.end();
    this.#endInTime();
  }

  cut(): void {
    const { socket } = this.#response;
    if (socket === null) this.#response.destroy();
    else {
      // What was written is still sent, then the connection ends; for a client that takes nothing, it ends as well.
      socket.setTimeout(this.#writeTimeoutMs, () => socket.destroy());
      socket.destroySoon();
    }
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  stayOpen(): void {
    // This front end has no time-out that would be in the way.
  }

  /** The time-out of a socket counts from the last byte that went out; the next request sets its own. */
  #endInTime(): void {
    const { socket } = this.#response;
    if (socket !== null && socket.writableLength > 0) socket.setTimeout(this.#writeTimeoutMs, () => socket.destroy());
  }
}
