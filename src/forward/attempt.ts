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

type AttemptTimes = Pick<AttemptRequest, "firstByteTimeoutMs" | "idleTimeoutMs" | "totalTimeoutMs">;

class Attempt implements UpstreamControl, Dispatcher.DispatchHandler {
  readonly #listener: AttemptListener;
  #controller: Dispatcher.DispatchController | null = null;
  #state: "waiting" | "answering" | "over" = "waiting";
  #isPaused = false;
  readonly #times: AttemptTimes;
  readonly #deadline: NodeJS.Timeout;
  /** Waits for the next sign of life. undici's own timers come up to a second late. */
  #silence: NodeJS.Timeout | null = null;

  constructor(listener: AttemptListener, times: AttemptTimes) {
    this.#listener = listener;
    this.#times = times;
    const { totalTimeoutMs } = times;
    this.#deadline = setTimeout(
      () => this.#expire(`The provider took longer than ${totalTimeoutMs} ms in all.`),
      totalTimeoutMs,
    ).unref();
  }

  pause(): void {
    this.#isPaused = true;
    this.#controller?.pause();
    // The time that a client takes is not the provider's silence.
    if (this.#state === "answering") this.#watch(null);
  }

  resume(): void {
    this.#isPaused = false;
    this.#controller?.resume();
    if (this.#state === "answering") this.#watchAnswer();
  }

  abort(): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#controller?.abort(new LoomError("client_gone"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#state === "over") controller.abort(new LoomError("client_gone"));
    else this.#watchHead();
  }

  /** An upload that is under way is a sign of life. */
  onBodySent(): void {
    if (this.#state === "waiting") this.#silence?.refresh();
  }

  onRequestSent(): void {
    if (this.#state === "waiting") this.#silence?.refresh();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: UpstreamHeaders): void {
    // Interim answers (1xx) come through the same callback.
    if (status < 200 || this.#state !== "waiting") return;
    this.#state = "answering";
    if (this.#isPaused) controller.pause();
    this.#watchAnswer();
    this.#listener.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.#state !== "answering") return;
    this.#silence?.refresh();
    this.#listener.onBytes(bytes);
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

  #watchHead(): void {
    const { firstByteTimeoutMs } = this.#times;
    this.#watch(firstByteTimeoutMs, `The provider did not answer within ${firstByteTimeoutMs} ms.`);
  }

  #watchAnswer(): void {
    const { idleTimeoutMs } = this.#times;
    if (!this.#isPaused) this.#watch(idleTimeoutMs, `The provider fell silent for ${idleTimeoutMs} ms in its answer.`);
  }

  #watch(ms: number | null, message = ""): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = ms === null ? null : setTimeout(() => this.#expire(message), ms).unref();
  }

  #expire(message: string): void {
    if (this.#state === "over") return;
    const error = new LoomError("upstream_timeout", { message });
    this.#finish();
    this.#controller?.abort(error);
    this.#listener.onFault(error, error, "perhaps");
  }

  #finish(): void {
    this.#state = "over";
    clearTimeout(this.#deadline);
    this.#watch(null);
  }
}

/** Sends the request. Events come after this has returned; a refusal by undici itself also comes as `onFault`. */
export function startAttempt(request: AttemptRequest, listener: AttemptListener): UpstreamControl {
  const attempt = new Attempt(listener, request);
  request.pool.dispatch(
    {
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: request.body,
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    attempt,
  );
  return attempt;
}
