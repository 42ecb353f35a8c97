// One chat completion from its admission to its end: forward, tee, hand off. What may happen to it, and the
// outcome that each leaves behind:
//   the answer ends whole                     complete   (error, when the provider's status says so)
//   the provider fails before a byte came     error      the client gets an error reply
//   the provider breaks off                   truncated  an error reply, or an error event and a broken connection
//   the client leaves before the end          aborted    the provider's work is stopped
import { type ChatTarget, makeChatTargets } from "./chat-targets.js";
import type { Caller } from "./config/tenant.js";
import type { LoomErrorCode } from "./errors/codes.js";
import { LoomError } from "./errors/loom-error.js";
import { providerErrorCode } from "./errors/provider-error.js";
import { type ExchangeEnd, ExchangeRecord } from "./exchange-record.js";
import { describeCause, failReply, type ReplyFacts } from "./fail-reply.js";
import type { UpstreamHeaders } from "./forward/attempt.js";
import { type Forwarding, type ForwardListener, forward, type UpstreamTimeouts } from "./forward/forward.js";
import type { Pools } from "./forward/pools.js";
import type { RecordLane } from "./hand-off/unrecorded.js";
import type { Exchange, GoneReason, HeaderList } from "./listen/exchange.js";
import type { LoomEvent } from "./report/events.js";
import type { ChatRequest } from "./route/read-request.js";
import type { Target } from "./route/route.js";
import { answerForm } from "./tee/answer-form.js";
import { headerText, responseHeaders } from "./tee/response-headers.js";
import { Tee, type TeeOptions } from "./tee/tee.js";
import { type FlowState, UpstreamFlow } from "./upstream-flow.js";

/** How long the end of a stream is awaited after its terminal event; some servers keep the connection open. */
const afterTerminalMs = 100;

export type ChatParts = {
  readonly pools: Pools;
  readonly timeouts: UpstreamTimeouts;
  readonly waitsForBegin: boolean;
  /** What is the same for every tee. */
  readonly tee: Pick<TeeOptions, "captureBytesMax" | "keepAliveCommentsMs" | "held">;
  readonly emit: (event: LoomEvent) => void;
};

export type ChatPlan = {
  readonly id: string;
  readonly caller: Caller;
  readonly request: ChatRequest;
  readonly targets: readonly [Target, ...Target[]];
  readonly lane: RecordLane;
};

type Head = { readonly status: number; readonly headers: UpstreamHeaders; readonly events: boolean };

export class ChatExchange implements ForwardListener {
  readonly #exchange: Exchange;
  readonly #plan: ChatPlan;
  readonly #parts: ChatParts;
  readonly #record: ExchangeRecord;
  readonly #flow = new UpstreamFlow();
  #forwarding: Forwarding | null = null;
  #tee: Tee | null = null;
  #head: Head | null = null;
  #targets: readonly ChatTarget[] = [];
  #sentAtMs = 0;
  #firstByteAtMs: number | null = null;
  #upstreamEndAtMs: number | null = null;
  #terminalTimer: NodeJS.Timeout | null = null;

  /** Admits the exchange and forwards it, at once or when its `begin` is kept, as the durability asks. */
  constructor(exchange: Exchange, plan: ChatPlan, parts: ChatParts) {
    this.#exchange = exchange;
    this.#plan = plan;
    this.#parts = parts;
    const facts = { ...plan.request, streamed: plan.request.stream };
    exchange.reply.onGone((reason) => this.#onClientGone(reason));
    exchange.reply.onDeadline(() => this.onFault(new LoomError("exchange_timeout")));
    const onBegin = parts.waitsForBegin ? (error: LoomError | null) => this.#onBeginKept(error) : undefined;
    const onLag = (state: FlowState) => this.#flow.set("record", state);
    const { held } = parts.tee;
    this.#record = new ExchangeRecord({ ...plan, exchange, facts, onLag, held, onAcknowledged: onBegin });
    if (!parts.waitsForBegin) this.#send();
  }

  onHead(target: number, status: number, headers: UpstreamHeaders): void {
    const form = answerForm(status, headers);
    this.#head = { status, headers, events: form === "events" };
    const { reply } = this.#exchange;
    this.#tee = new Tee({
      form,
      ...this.#parts.tee,
      onMemory: (state) => this.#flow.set("memory", state),
      dropsUsage: this.#targets[target]?.addedUsage === true,
      downstream: {
        start: (first) => reply.start(status, this.#replyHeaders(), first),
        write: (bytes) => reply.write(bytes),
        send: (body) => reply.send(status, this.#replyHeaders(), body),
        end: (last) => reply.end(last),
      },
      onSlowClient: () => this.#flow.set("client", "held"),
      sendChunk: this.#record.sendChunk,
      onTerminal: () => {
        this.#terminalTimer = setTimeout(() => {
          this.#forwarding?.abort(null);
          this.onEnd();
        }, afterTerminalMs).unref();
      },
    });
    reply.onDrain(() => this.#flow.set("client", "free"));
  }

  onBytes(bytes: Buffer): void {
    this.#firstByteAtMs ??= performance.now();
    this.#tee?.take(bytes);
  }

  onEnd(): void {
    this.#upstreamEndAtMs = performance.now();
    const head = this.#head;
    const tee = this.#tee;
    if (head === null || tee === null || !tee.isComplete) return this.onFault(new LoomError("upstream_cut"));
    const errorCode = providerErrorCode(head.status);
    this.#finish(errorCode === null ? "complete" : "error", head.status, errorCode, (error) => {
      if (error === null || this.#servesAnyway) tee.release();
      else this.#fail(error);
    });
  }

  onFault(error: LoomError): void {
    this.#forwarding?.abort(error.code);
    this.#upstreamEndAtMs ??= performance.now();
    const broken = this.#tee !== null && this.#tee.capture.seenBytes > 0;
    const statusCode = this.#tee?.hasStarted === true ? (this.#head?.status ?? error.status) : error.status;
    this.#finish(broken ? "truncated" : "error", statusCode, error.code, () => this.#fail(error));
  }

  #onBeginKept(error: LoomError | null): void {
    if (error === null || this.#servesAnyway) this.#send();
    else
      this.#finish("refused", 503, "trace_store_unavailable", () =>
        this.#fail(new LoomError("trace_store_unavailable")),
      );
  }

  #send(): void {
    if (this.#exchange.reply.state === "gone") return;
    try {
      this.#targets = makeChatTargets(this.#plan.targets, this.#plan.request, this.#exchange.body);
      this.#sentAtMs = performance.now();
      const request = {
        targets: this.#targets,
        clientHeaders: this.#exchange.headers,
        timeouts: this.#parts.timeouts,
        startedAtMs: this.#exchange.receivedAtMs,
      };
      this.#forwarding = forward(request, this.#parts.pools, this);
      this.#flow.attach(this.#forwarding);
    } catch (error) {
      this.onFault(error instanceof LoomError ? error : new LoomError("internal_error", { cause: error }));
    }
  }

  #onClientGone(reason: GoneReason): void {
    this.#forwarding?.abort(reason);
    this.#finish("aborted", this.#tee?.hasStarted === true ? (this.#head?.status ?? 499) : 499, reason, () => {});
  }

  /** Ends the record, once; `then` is called when it is kept, or with why it is not. */
  #finish(
    outcome: ExchangeEnd["outcome"],
    statusCode: number,
    errorCode: LoomErrorCode | null,
    then: (error: LoomError | null) => void,
  ): void {
    if (!this.#record.isOpen) return;
    if (this.#terminalTimer !== null) clearTimeout(this.#terminalTimer);
    const target = this.#target;
    const capture = this.#tee?.capture;
    const rest = this.#tee?.stop() ?? [];
    const headers = this.#head?.headers ?? {};
    this.#record.end(
      {
        outcome,
        statusCode,
        errorCode,
        provider: {
          name: target.settings.name,
          kind: target.settings.kind,
          model: target.model,
          usageFormat: target.provider.usageFormat,
        },
        attempts: this.#forwarding?.attempts ?? [],
        ttfbMs: this.#firstByteAtMs === null ? null : this.#firstByteAtMs - this.#exchange.receivedAtMs,
        overheadMs: this.#overheadMs(),
        ...(capture !== undefined && {
          response: {
            bytes: capture.seenBytes,
            isTruncated: capture.isTruncated,
            rest,
            contentType: headerText(headers, "content-type"),
            contentEncoding: headerText(headers, "content-encoding"),
          },
        }),
      },
      (error) => {
        try {
          then(error);
        } catch (cause) {
          // One exchange's fault must not reach the others that were acknowledged with it.
          this.#fail(new LoomError("internal_error", { cause }));
        }
      },
    );
  }

  /** Tells the client that there will be no whole answer. */
  #fail(error: LoomError): void {
    if (error.source === "internal") {
      const message = describeCause(error);
      this.#parts.emit({ name: "exchange_failed", code: error.code, traceId: this.#plan.id, message });
    }
    const events = this.#head?.events === true;
    failReply(this.#exchange, error, this.#facts(), events && { atBoundary: this.#tee?.atEventBoundary !== false });
  }

  /** Whether the tenant would rather have an answer than a record. */
  get #servesAnyway(): boolean {
    return this.#plan.caller.tenant.failurePolicy === "serve";
  }

  /** The target that was tried last. */
  get #target(): Target {
    return this.#targets[this.#forwarding?.target ?? 0]?.route ?? this.#plan.targets[0];
  }

  /** Loom's own share of the time so far: all but the wait for the provider. */
  #overheadMs(): number {
    const nowMs = performance.now();
    const beforeMs = (this.#sentAtMs === 0 ? nowMs : this.#sentAtMs) - this.#exchange.receivedAtMs;
    const upstreamMs = this.#upstreamEndAtMs ?? this.#firstByteAtMs;
    return upstreamMs === null ? beforeMs : beforeMs + (nowMs - upstreamMs);
  }

  #replyHeaders(): HeaderList {
    const requestId = this.#exchange.headers.get("x-request-id") ?? null;
    return responseHeaders(this.#head?.headers ?? {}, {
      ...this.#facts(),
      requestId,
      streamed: this.#head?.events === true,
    });
  }

  #facts(): ReplyFacts {
    return { traceId: this.#plan.id, provider: this.#target.settings.name, overheadMs: this.#overheadMs() };
  }
}
