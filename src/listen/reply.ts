// A Reply on a uWebSockets.js response. Its obligations, met here and nowhere else: an abort handler attached
// synchronously, no touch after an abort, every group of writes corked, back-pressure answered by onWritable.

import type { HttpResponse } from "uWebSockets.js";
import { STATUS_CODES } from "node:http";
import type { HeaderList, Reply, ReplyState } from "./exchange.js";

const namePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// The addon writes values as they are: a CR or LF from a provider would split the response.
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what is asked for
const asciiPattern = /^[\x00-\x7f]*$/;

function writeHead(res: HttpResponse, status: number, headers: HeaderList): void {
  res.writeStatus(`${status} ${STATUS_CODES[status] ?? "Unknown"}`);
  for (const [name, value] of headers) {
    if (!namePattern.test(name) || !valuePattern.test(value)) continue;
    // A string would be written as UTF-8; header bytes above 0x7f are Latin-1.
    res.writeHeader(name, asciiPattern.test(value) ? value : Buffer.from(value, "latin1"));
  }
}

export class UwsReply implements Reply {
  readonly #res: HttpResponse;
  readonly #bodyless: boolean;
  readonly #closesAfter: () => boolean;
  readonly #onSettled: () => void;
  #state: ReplyState = "open";
  #goneListener: (() => void) | null = null;
  #drainListener: (() => void) | null = null;
  #awaitsDrain = false;

  /**
   * Must be made synchronously in the request handler. `bodyless` is true for HEAD; `closesAfter` is asked
   * whether the client must be told to close the connection; `onSettled` is called once, when the reply has ended or gone.
   */
  constructor(res: HttpResponse, bodyless: boolean, closesAfter: () => boolean, onSettled: () => void) {
    this.#res = res;
    this.#bodyless = bodyless;
    this.#closesAfter = closesAfter;
    this.#onSettled = onSettled;
    res.onAborted(() => {
      if (this.#state === "ended") return;
      this.#settle("gone");
      this.#goneListener?.();
    });
  }

  get state(): ReplyState {
    return this.#state;
  }

  send(status: number, headers: HeaderList, body: Uint8Array | string): void {
    if (this.#state !== "open") return;
    this.#res.cork(() => {
      writeHead(this.#res, status, headers);
      if (this.#bodyless) this.#res.endWithoutBody(Buffer.byteLength(body), this.#closesAfter());
      else this.#res.end(body, this.#closesAfter());
    });
    this.#settle("ended");
  }

  start(status: number, headers: HeaderList, first: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    this.#state = "started";
    let flowing = true;
    this.#res.cork(() => {
      writeHead(this.#res, status, headers);
      // Said now or never: the addon would write it into the body at the end of a chunked answer.
      if (this.#closesAfter()) this.#res.writeHeader("Connection", "close");
      flowing = first.byteLength === 0 || this.#res.write(first);
    });
    return flowing || this.#waitForDrain();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "started" || bytes.byteLength === 0) return true;
    let flowing = true;
    this.#res.cork(() => {
      flowing = this.#res.write(bytes);
    });
    return flowing || this.#waitForDrain();
  }

  end(last?: Uint8Array): void {
    if (this.#state !== "started") return;
    this.#res.cork(() => {
      if (last !== undefined && last.byteLength > 0) this.#res.write(last);
      this.#res.end();
    });
    this.#settle("ended");
  }

  cut(): void {
    if (this.#state === "gone" || this.#state === "ended") return;
    // Closing calls the abort handler, which must not report a client that left.
    this.#goneListener = null;
    this.#settle("gone");
    this.#res.close();
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  onGone(listener: () => void): void {
    this.#goneListener = listener;
  }

  #settle(state: "ended" | "gone"): void {
    if (this.#state === "ended" || this.#state === "gone") return;
    this.#state = state;
    this.#onSettled();
  }

  #waitForDrain(): false {
    if (this.#awaitsDrain) return false;
    this.#awaitsDrain = true;
    this.#res.onWritable(() => {
      // With a handler of ours, the addon drains nothing by itself; an empty cork makes it send what it holds.
      setImmediate(() => {
        if (this.#state !== "started") return;
        this.#res.cork(() => {});
        this.#drainListener?.();
      });
      return true;
    });
    return false;
  }
}
