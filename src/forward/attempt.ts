// One try on one target: undici's callbacks turned into the few moments that the path cares about.
import type { Readable } from "node:stream";
import type { Dispatcher, Pool } from "undici";
import { LoomError } from "../errors/loom-error.js";
import { upstreamFault } from "./upstream-fault.js";

/** Means to slow down or stop what comes from the provider. */
export type UpstreamControl = {
  pause(): void;
  resume(): void;
  /** Stops the provider's work; no further event comes. */
  abort(): void;
};

export type UpstreamHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export type AttemptListener = {
  onHead(status: number, headers: UpstreamHeaders): void;
  onBytes(bytes: Buffer): void;
  onEnd(): void;
  /** `cause` is undici's own error; `sent`: whether any byte can have been written. Not called after `abort`. */
  onFault(error: LoomError, cause: unknown, sent: "perhaps" | "nothing"): void;
};

export type AttemptRequest = {
  readonly pool: Pool;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  /** A stream's headers must say its length. */
  readonly body: Buffer | Readable | null;
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
};

class Attempt implements UpstreamControl, Dispatcher.DispatchHandler {
  readonly #listener: AttemptListener;
  #controller: Dispatcher.DispatchController | null = null;
  #state: "waiting" | "answering" | "over" = "waiting";
  #pausedEarly = false;
  readonly #deadline: NodeJS.Timeout;

  constructor(listener: AttemptListener, totalTimeoutMs: number) {
    this.#listener = listener;
    this.#deadline = setTimeout(() => this.#expire(totalTimeoutMs), totalTimeoutMs).unref();
  }

  pause(): void {
    if (this.#controller === null) this.#pausedEarly = true;
    else this.#controller.pause();
  }

  resume(): void {
    this.#pausedEarly = false;
    this.#controller?.resume();
  }

  abort(): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#controller?.abort(new LoomError("client_gone"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#state === "over") controller.abort(new LoomError("client_gone"));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: UpstreamHeaders): void {
    // Interim answers (1xx) come through the same callback.
    if (status < 200 || this.#state !== "waiting") return;
    this.#state = "answering";
    if (this.#pausedEarly) controller.pause();
    this.#listener.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.#state === "answering") this.#listener.onBytes(bytes);
  }

  onResponseEnd(): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#listener.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // undici refuses a request while it is dispatched, before the caller has this attempt in its hands.
    if (this.#controller === null) queueMicrotask(() => this.#fail(error));
    else this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#state === "over") return;
    this.#finish();
    // undici tells of the start before it writes; a kept connection that the provider had closed may fail before.
    this.#listener.onFault(upstreamFault(error), error, this.#controller === null ? "nothing" : "perhaps");
  }

  #expire(totalTimeoutMs: number): void {
    if (this.#state === "over") return;
    const error = new LoomError("upstream_timeout", {
      message: `The provider took longer than ${totalTimeoutMs} ms in all.`,
    });
    this.#finish();
    this.#controller?.abort(error);
    this.#listener.onFault(error, error, "perhaps");
  }

  #finish(): void {
    this.#state = "over";
    clearTimeout(this.#deadline);
  }
}

/** Sends the request. Events come after this has returned; a refusal by undici itself also comes as `onFault`. */
export function startAttempt(request: AttemptRequest, listener: AttemptListener): UpstreamControl {
  const attempt = new Attempt(listener, request.totalTimeoutMs);
  request.pool.dispatch(
    {
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: request.body,
      headersTimeout: request.firstByteTimeoutMs,
      bodyTimeout: request.idleTimeoutMs,
    },
    attempt,
  );
  return attempt;
}
