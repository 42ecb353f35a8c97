// A lane's port that measures how long its worker takes to acknowledge each batch: what a waiting client feels.
import type { MessagePort } from "node:worker_threads";
import type { FromLane, ToLane } from "../trace/lane-messages.js";

/** What a lane needs of its port. */
export type LanePort = {
  on(event: "message", listener: (message: FromLane) => void): unknown;
  postMessage(message: ToLane, transfer?: readonly ArrayBuffer[]): void;
  close(): void;
};

export class MeasuredPort implements LanePort {
  readonly #port: MessagePort;
  readonly #observe: (ms: number) => void;
  #sent: { readonly batch: number; readonly bytes: number; readonly atMs: number }[] = [];
  #bytes = 0;

  /** `observe` is called once for each acknowledged batch. */
  constructor(port: MessagePort, observe: (ms: number) => void) {
    this.#port = port;
    this.#observe = observe;
  }

  /** Bytes that the worker has not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  on(event: "message", listener: (message: FromLane) => void): void {
    this.#port.on(event, (message: FromLane) => {
      if (message.type === "acknowledged") this.#note(message.batch);
      listener(message);
    });
  }

  postMessage(message: ToLane, transfer: readonly ArrayBuffer[] = []): void {
    if (message.type === "frames") {
      const bytes = message.bytes.byteLength;
      this.#sent.push({ batch: message.batch, bytes, atMs: performance.now() });
      this.#bytes += bytes;
    }
    this.#port.postMessage(message, transfer);
  }

  close(): void {
    this.#port.close();
  }

  #note(batch: number): void {
    const nowMs = performance.now();
    let sent = this.#sent[0];
    while (sent !== undefined && sent.batch <= batch) {
      this.#observe(nowMs - sent.atMs);
      this.#bytes -= sent.bytes;
      this.#sent.shift();
      sent = this.#sent[0];
    }
  }
}
