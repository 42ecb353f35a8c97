// One request to a provider from its admission to its end: forward, tee, hand off. What may happen to it, and the
// outcome that each leaves behind:
//   the answer ends whole                     complete   (error, when the provider's status says so)
//   the provider fails before a byte came     error      the client gets an error reply
//   the provider breaks off                   truncated  an error reply, or an error event and a broken connection
//   the client leaves before the end          aborted    the provider's work is stopped, or read on to its usage

import { type AnswerHead, capturedAnswer, headersOf } from "./answer-head.js";
import type { LoomErrorCode } from "./errors/codes.js";
import { LoomError } from "./errors/loom-error.js";
import { providerErrorCode } from "./errors/provider-error.js";
import { ExchangeClock } from "./exchange-clock.js";
import { type ExchangeEnd, ExchangeRecord } from "./exchange-record.js";
import { describeCause, failReply, type ReplyFacts } from "./fail-reply.js";
import type { UpstreamHeaders } from "./forward/attempt.js";
import { type Forwarding, type ForwardListener, forward } from "./forward/forward.js";
import { limits } from "./limits.js";
import type { Exchange, GoneReason } from "./listen/exchange.js";
import type { ExchangePlan, ProviderParts } from "./provider-parts.js";
import type { Target } from "./route/route.js";
import { answerForm } from "./tee/answer-form.js";
import { Tee } from "./tee/tee.js";
import { openUpload } from "./upload-stream.js";
import { makeUpstreamTargets, type UpstreamTarget } from "./upstream-calls.js";
import { type FlowState, UpstreamFlow } from "./upstream-flow.js";

/** How long the end of a stream is awaited after its terminal event; some servers keep the connection open. */
const afterTerminalMs = 100;

export class ProviderExchange implements ForwardListener {
  readonly #exchange: Exchange;
  readonly #plan: ExchangePlan;
  readonly #parts: ProviderParts;
  readonly #record: ExchangeRecord;
  readonly #flow = new UpstreamFlow();
  #forwarding: Forwarding | null = null;
  #tee: Tee | null = null;
  #head: AnswerHead | null = null;
  #targets: readonly UpstreamTarget[] = [];
  readonly #clock: ExchangeClock;
  #terminalTimer: NodeJS.Timeout | null = null;
  #gone: GoneReason = "client_gone";
  /** Set from when the client has left and its key's policy is to read on. */
  #drainTimer: NodeJS.Timeout | null = null;

  /** Admits the exchange and forwards it, at once or when its `begin` is kept, as the durability asks. */
  constructor(exchange: Exchange, plan: ExchangePlan, parts: ProviderParts) {
    this.#exchange = exchange;
    this.#clock = new ExchangeClock(exchange.receivedAtMs);
    this.#plan = plan;
    this.#parts = parts;
    const { request } = plan.askedFor;
    const { model, sessionId, endUser, tags } = request;
    const facts = { endpoint: request.endpoint.template, model, streamed: request.stream, sessionId, endUser, tags };
    parts.traffic.requestBytes += exchange.body.length;
    exchange.reply.onGone((reason) => this.#onClientGone(reason));
    exchange.reply.onDeadline(() => this.onFault(new LoomError("exchange_timeout")));
    const onAcknowledged = parts.waitsForBegin ? (error: LoomError | null) => this.#onBeginKept(error) : undefined;
    const onLag = (state: FlowState) => this.#flow.set("record", state);
    const { held } = parts.tee;
    const { id, caller, authenticatedAtMs, lane } = plan;
    const onBroken = (error: LoomError) => this.#onBroken(error);
    // No spread: an object of this size that is copied key by key costs 7 µs instead of a fraction of one.
    const admission = { id, exchange, caller, facts, authenticatedAtMs, lane, onLag, held, onAcknowledged, onBroken };
    this.#record = new ExchangeRecord(admission);
    if (!parts.waitsForBegin) this.#send();
  }

  onHead(target: number, status: number, headers: UpstreamHeaders): void {
    const form = answerForm(status, headers);
    this.#head = { status, headers, events: form === "events" };
    if (this.#head.events) this.#parts.traffic.streams += 1;
    const { reply } = this.#exchange;
    const replyHeaders = () => headersOf(this.#head, this.#exchange, this.#facts());
    this.#tee = new Tee({
      form,
      streamEnd: this.#plan.askedFor.request.endpoint.streamEnd,
      ...this.#parts.tee,
      receivedAtMs: this.#exchange.receivedAtMs,
      onMemory: (state) => this.#flow.set("memory", state),
      dropsUsage: this.#targets[target]?.addedUsage === true,
      downstream: {
        start: (first) => reply.start(status, replyHeaders(), first),
        write: (bytes) => reply.write(bytes),
        send: (body) => reply.send(status, replyHeaders(), body),
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
    this.#clock.noteFirstByte();
    this.#tee?.take(bytes);
    if (this.#drainTimer !== null && (this.#tee?.capture.seenBytes ?? 0) > limits.captureBytesMax) this.#abandon();
  }

  onEnd(): void {
    this.#clock.noteEnd();
    const head = this.#head;
    const tee = this.#tee;
    if (head === null || tee === null || !tee.isComplete) return this.onFault(new LoomError("upstream_cut"));
    if (this.#drainTimer !== null) return this.#finishAborted();
    const errorCode = providerErrorCode(head.status);
    this.#finish(errorCode === null ? "complete" : "error", head.status, errorCode, (error) => {
      if (error === null || this.#servesAnyway) tee.release();
      else this.#fail(error);
    });
  }

  onFault(error: LoomError): void {
    this.#forwarding?.abort(error.code);
    this.#clock.noteEnd();
    if (this.#drainTimer !== null) return this.#finishAborted();
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

  /** What follows could not be kept: the client is told now, and not after megabytes that no record has. */
  #onBroken(error: LoomError): void {
    if (!this.#servesAnyway) this.onFault(error);
  }

  #send(): void {
    if (this.#exchange.reply.state === "gone") return;
    try {
      const { body, rest } = this.#exchange;
      this.#targets = makeUpstreamTargets(this.#plan.targets, this.#plan.askedFor, body);
      this.#clock.noteSent();
      const request = {
        targets: this.#targets,
        clientHeaders: this.#exchange.headers,
        timeouts: this.#parts.timeouts,
        upload: rest === null ? null : openUpload(this.#targets[0]?.body ?? body, body.length, rest),
        startedAtMs: this.#exchange.receivedAtMs,
        trace: { context: this.#record.trace, sampler: this.#parts.sampler },
      };
      this.#forwarding = forward(request, this.#parts.pools, this);
      this.#flow.attach(this.#forwarding);
    } catch (error) {
      this.onFault(error instanceof LoomError ? error : new LoomError("internal_error", { cause: error }));
    }
  }

  #onClientGone(reason: GoneReason): void {
    this.#gone = reason;
    const isSent = this.#forwarding !== null && this.#exchange.rest === null;
    if (this.#plan.caller.onDisconnect !== "drain" || !isSent || !this.#record.isOpen) return this.#abandon();
    // Nobody reads slowly any more; the answer is read on to its usage, within bounds.
    this.#flow.set("client", "free");
    this.#drainTimer = setTimeout(() => this.#abandon(), limits.drainMsMax).unref();
  }

  /** The client has left: the provider's work is stopped. */
  #abandon(): void {
    this.#forwarding?.abort(this.#gone);
    this.#finishAborted();
  }

  #finishAborted(): void {
    const statusCode = this.#tee?.hasStarted === true ? (this.#head?.status ?? 499) : 499;
    this.#finish("aborted", statusCode, this.#gone, () => {});
  }

  /** Ends the record, once; `then` is called when it is kept, or with why it is not. */
  #finish(
    outcome: ExchangeEnd["outcome"],
    statusCode: number,
    errorCode: LoomErrorCode | null,
    then: (error: LoomError | null) => void,
  ): void {
    if (!this.#record.isOpen) return;
    for (const timer of [this.#terminalTimer, this.#drainTimer]) if (timer !== null) clearTimeout(timer);
    this.#parts.traffic.requestBytes -= this.#exchange.body.length;
    if (this.#head?.events === true) this.#parts.traffic.streams -= 1;
    const target = this.#target;
    const response = this.#tee === null ? null : capturedAnswer(this.#tee, this.#head);
    this.#record.end(
      {
        outcome,
        statusCode,
        errorCode,
        provider: {
          name: target.settings.name,
          kind: target.settings.kind,
          model: target.model,
          usageFormat: this.#plan.askedFor.request.endpoint.usage,
        },
        attempts: this.#forwarding?.attempts ?? [],
        ttfbMs: this.#clock.ttfbMs,
        overheadMs: this.#clock.overheadMs(),
        ...(response !== null && { response }),
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
      const recorded = error.code === "internal_error";
      this.#parts.emit({ name: "exchange_failed", code: error.code, traceId: this.#plan.id, message, recorded });
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

  #facts(): ReplyFacts {
    return { traceId: this.#plan.id, provider: this.#target.settings.name, overheadMs: this.#clock.overheadMs() };
  }
}
