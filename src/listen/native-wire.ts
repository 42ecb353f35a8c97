// A client's connection behind uWebSockets.js. The addon's obligations are met here and nowhere else: no touch after
// an abort or an end, every group of writes corked, back-pressure answered by onWritable.
import type { HttpResponse } from "uWebSockets.js";
import { STATUS_CODES } from "node:http";
import { limits } from "../limits.js";
import { type ClientWire, hasNoBody, isWritable } from "./client-wire.js";
import type { HeaderList } from "./exchange.js";
import type { BodySource } from "./read-body.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what is asked for
const asciiPattern = /^[\x00-\x7f]*$/;

function writeHead(res: HttpResponse, status: number, headers: HeaderList): void {
  res.writeStatus(`${status} ${STATUS_CODES[status] ?? "Unknown"}`);
  for (const [name, value] of headers) {
    if (!isWritable(name, value)) continue;
    // A string would be written as UTF-8; header bytes above 0x7f are Latin-1.
    res.writeHeader(name, asciiPattern.test(value) ? value : Buffer.from(value, "latin1"));
  }
}

const drainDelayMs = 250;
const drainDelayMsMax = 16_000;

export type WireListener = {
  drained(): void;
  progressed(): void;
  lost(): void;
};

export class NativeWire implements ClientWire, BodySource {
  readonly #res: HttpResponse;
  readonly #bodyless: boolean;
  #state: "open" | "over" = "open";
  #reading: "flowing" | "paused" = "flowing";
  #awaitsDrain = false;
  /** Bytes written since a write was taken whole: at most so many wait in the addon. */
  #waitingBytes = 0;
  #drainDelayMs = drainDelayMs;
  #drainTimer: NodeJS.Timeout | null = null;
  #listener: WireListener | null = null;

  /** Must be made synchronously in the request handler. `bodyless` is true for HEAD. */
  constructor(res: HttpResponse, bodyless: boolean) {
    this.#res = res;
    this.#bodyless = bodyless;
    res.onAborted(() => {
      if (this.#state === "over") return;
      this.#finish();
      this.#listener?.lost();
    });
  }

  listen(listener: WireListener): void {
    this.#listener = listener;
  }

  send(status: number, headers: HeaderList, body: Uint8Array | string, closes: boolean): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#res.cork(() => {
      writeHead(this.#res, status, headers);
      if (hasNoBody(status)) this.#res.endWithoutBody(undefined, closes);
      else if (this.#bodyless) this.#res.endWithoutBody(Buffer.byteLength(body), closes);
      else this.#res.end(body, closes);
    });
  }

  start(status: number, headers: HeaderList, first: Uint8Array, closes: boolean): boolean {
    if (this.#state === "over") return true;
    let flowing = true;
    this.#res.cork(() => {
      writeHead(this.#res, status, headers);
      // Said now or never: the addon would write it into the body at the end of a chunked answer.
      if (closes) this.#res.writeHeader("Connection", "close");
      flowing = first.byteLength === 0 || this.#res.write(first);
    });
    return this.#note(flowing, first);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state === "over") return true;
    let flowing = true;
    this.#res.cork(() => {
      flowing = this.#res.write(bytes);
    });
    return this.#note(flowing, bytes);
  }

  end(last: Uint8Array | undefined): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#res.cork(() => {
      if (last !== undefined && last.byteLength > 0) this.#res.write(last);
      this.#res.end();
    });
  }

  cut(): void {
    if (this.#state === "over") return;
    // Closing calls the abort handler, which must not report a client that left.
    this.#finish();
    this.#res.close();
  }

  pause(): void {
    if (this.#state === "over" || this.#reading === "paused") return;
    this.#reading = "paused";
    this.#res.pause();
  }

  resume(): void {
    // Where nothing is paused, the addon's resume stops the reading for good.
    if (this.#state === "over" || this.#reading === "flowing") return;
    this.#reading = "flowing";
    this.#res.resume();
  }

  stayOpen(): void {
    // A resume arms the addon's time-out anew.
    if (this.#state === "over" || this.#reading === "paused") return;
    this.#res.pause();
    this.#res.resume();
  }

  #note(flowing: boolean, bytes: Uint8Array): boolean {
    if (flowing) {
      this.#waitingBytes = 0;
      this.#drainDelayMs = drainDelayMs;
      return true;
    }
    this.#waitingBytes += bytes.byteLength;
    this.#waitForDrain();
    return false;
  }

  #waitForDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#res.onWritable(() => {
      // With a handler of ours, the addon drains nothing by itself; an empty cork makes it send what it holds.
      setImmediate(() => this.#drain());
      return true;
    });
  }

  /** The addon calls when the client took something, not when it took all; and never again once it did. */
  #drain(): void {
    if (this.#state === "over") return;
    this.#res.cork(() => {});
    if (this.#waitingBytes <= limits.clientBacklogBytes) {
      this.#listener?.drained();
      return;
    }
    this.#listener?.progressed();
    if (this.#drainTimer !== null) clearTimeout(this.#drainTimer);
    this.#drainTimer = setTimeout(() => {
      this.#drainDelayMs = Math.min(this.#drainDelayMs * 2, drainDelayMsMax);
      this.#listener?.drained();
    }, this.#drainDelayMs).unref();
  }

  #finish(): void {
    this.#state = "over";
    if (this.#drainTimer !== null) clearTimeout(this.#drainTimer);
  }
}
