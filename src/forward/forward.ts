// One loop over targets and attempts. A next target is tried only while no byte of an answer has been passed on:
// when a connection could not be made, or when the answer was a passing failure and another target is left.
import type { Readable } from "node:stream";
import type { LoomError } from "../errors/loom-error.js";
import type { UpstreamCall } from "../providers/provider.js";
import type { Attempt } from "../trace/record.js";
import { type SamplerSettings, type TraceContext, upstreamTraceHeaders } from "../trace/trace-context.js";
import { startAttempt, type UpstreamControl, type UpstreamHeaders } from "./attempt.js";
import type { Pools } from "./pools.js";
import { isRefusal, isStale, neverSent, upstreamFault } from "./upstream-fault.js";
import { checkUpstreamPath, upstreamHeaders } from "./upstream-headers.js";

/** A target made ready to send to. */
export type ForwardTarget = {
  readonly providerName: string;
  readonly providerKind?: string;
  /** The model as the provider knows it. */
  readonly model: string;
  readonly owner: string;
  readonly call: UpstreamCall;
  readonly body: Buffer | null;
  /** Whether it gets the headers that name the trace. */
  readonly trusted?: boolean;
};

/** A body that is sent while it comes; only the first target can have it. */
export type Upload = { readonly stream: Readable; readonly bytes: number };

export type UpstreamTimeouts = {
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
};

export type ForwardListener = {
  /** The answer that will be passed on. `target` is the index of the one that gave it. */
  onHead(target: number, status: number, headers: UpstreamHeaders): void;
  onBytes(bytes: Buffer): void;
  onEnd(): void;
  onFault(error: LoomError): void;
};

/** The run of one exchange upstream. */
export type Forwarding = Pick<UpstreamControl, "pause" | "resume"> & {
  /** Stops the provider's work; no further event comes. `errorCode` goes to the attempt. */
  abort(errorCode: string | null): void;
  /** All tries so far, in order; the last one is still open while it runs. */
  readonly attempts: readonly Attempt[];
  /** The target that was tried last. */
  readonly target: number;
};

export type ForwardRequest = {
  readonly targets: readonly ForwardTarget[];
  readonly clientHeaders: ReadonlyMap<string, string>;
  readonly timeouts: UpstreamTimeouts;
  /** In place of the targets' bodies, or null. */
  readonly upload?: Upload | null;
  /** Monotonic time that attempts are counted from, ms. */
  readonly startedAtMs: number;
  /** What names the trace to a trusted provider. */
  readonly trace?: { readonly context: TraceContext; readonly sampler: SamplerSettings | null };
};

/** Failures that another target may not have. */
const passingStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

class Run implements Forwarding {
  readonly attempts: Attempt[] = [];
  target = 0;
  readonly #request: ForwardRequest;
  readonly #pools: Pools;
  readonly #listener: ForwardListener;
  #control: UpstreamControl | null = null;
  #state: "running" | "aborted" | "ended" = "running";
  #stale: "not seen" | "tried again" = "not seen";

  constructor(request: ForwardRequest, pools: Pools, listener: ForwardListener) {
    this.#request = request;
    this.#pools = pools;
    this.#listener = listener;
  }

  pause(): void {
    this.#control?.pause();
  }

  resume(): void {
    this.#control?.resume();
  }

  abort(errorCode: string | null): void {
    if (this.#state !== "running") return;
    this.#state = "aborted";
    this.#close(undefined, errorCode);
    this.#control?.abort();
  }

  /** Tries the target with this index. Throws a LoomError when its settings cannot be sent. */
  try(index: number): void {
    const target = this.#request.targets[index];
    if (target === undefined) throw new RangeError(`there is no target ${index}`);
    const upload = this.#request.upload ?? null;
    const isLast = upload !== null || index === this.#request.targets.length - 1;
    const hasBody = target.body !== null || upload !== null;
    const { origin, path, method, headers: own } = target.call;
    const provider = { ...own, ...this.#traceHeaders(target) };
    checkUpstreamPath(path);
    const ownAccount = target.owner !== "operator";
    const headers = upstreamHeaders({ client: this.#request.clientHeaders, provider, ownAccount, hasBody });
    if (upload !== null) headers["content-length"] = String(upload.bytes);
    const nowMs = performance.now() - this.#request.startedAtMs;
    this.target = index;
    this.attempts.push({
      provider: target.providerName,
      model: target.model,
      status: null,
      errorCode: null,
      ...(target.providerKind !== undefined && { kind: target.providerKind }),
      origin,
      startedMs: nowMs,
      endedMs: nowMs,
    });
    const pool = this.#pools.get(target.owner, origin);
    this.#control = startAttempt(
      { pool, method, path, headers, body: upload?.stream ?? target.body, ...this.#request.timeouts },
      {
        onHead: (status, responseHeaders) => {
          if (!isLast && passingStatuses.has(status)) {
            this.#close(status, null);
            this.#control?.abort();
            this.#next(index + 1);
            return;
          }
          this.#note({ status });
          this.#listener.onHead(index, status, responseHeaders);
        },
        onBytes: (bytes) => this.#listener.onBytes(bytes),
        onEnd: () => {
          this.#state = "ended";
          this.#close(undefined, null);
          this.#listener.onEnd();
        },
        onFault: (error, cause, sent) => {
          if (isRefusal(cause)) this.#pools.replace(target.owner, origin, (cause as Error).message);
          this.#close(undefined, error.code);
          // A kept connection that the provider had given up; an upload's first bytes are spent.
          if (this.#stale === "not seen" && upload === null && isStale(cause, sent)) {
            this.#stale = "tried again";
            this.#next(index);
            return;
          }
          if (!isLast && neverSent(cause)) {
            this.#next(index + 1);
            return;
          }
          this.#state = "ended";
          this.#listener.onFault(error);
        },
      },
    );
  }

  #traceHeaders(target: ForwardTarget): Readonly<Record<string, string>> {
    const { trace } = this.#request;
    if (target.trusted !== true || trace === undefined) return {};
    return upstreamTraceHeaders(trace.context, this.attempts.length, trace.sampler);
  }

  #next(index: number): void {
    if (this.#state !== "running") return;
    try {
      this.try(index);
    } catch (error) {
      this.#state = "ended";
      this.#listener.onFault(upstreamFault(error));
    }
  }

  #close(status: number | undefined, errorCode: string | null): void {
    const endedMs = performance.now() - this.#request.startedAtMs;
    this.#note(status === undefined ? { errorCode, endedMs } : { status, errorCode, endedMs });
  }

  #note(change: Partial<Attempt>): void {
    const last = this.attempts.pop();
    if (last !== undefined) this.attempts.push({ ...last, ...change });
  }
}

/** Sends to the first target. Throws a LoomError when nothing could be sent because settings are at fault. */
export function forward(request: ForwardRequest, pools: Pools, listener: ForwardListener): Forwarding {
  const run = new Run(request, pools, listener);
  run.try(0);
  return run;
}
