// One lane as the main thread sees it: it numbers exchanges, packs the frames of an event-loop turn into one
// message, and calls back when the worker has acknowledged them. lanes.ts starts and restarts the workers.
import type { MessagePort } from "node:worker_threads";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import type { LoomEvent } from "../report/events.js";
import { FrameBatch, type FrameKind, frameKinds } from "../trace/frames.js";
import type { FromLane, ToLane } from "../trace/lane-messages.js";
import type { TraceBegin, TraceEnd } from "../trace/record.js";

/** Called once: with null when the frame is kept as the durability asks, else with why it is not. */
export type OnAcknowledged = (error: LoomError | null) => void;

type SentBatch = { readonly batch: number; readonly bytes: number; readonly waiting: readonly OnAcknowledged[] };

export class Lane {
  readonly index: number;
  readonly #emit: (event: LoomEvent) => void;
  #port: MessagePort | null = null;
  #lastSeq = 0;
  #lastBatch = 0;
  #pending = new FrameBatch();
  #waiting: OnAcknowledged[] = [];
  #sent: SentBatch[] = [];
  #flushIsDue = false;
  /** What the worker said it holds. */
  #backlogBytes = 0;
  /** What it has not acknowledged yet, the batch of this turn included. */
  #unacknowledgedBytes = 0;
  #pendingBytes = 0;
  #openExchanges = 0;
  /** Exchanges up to this number began in a worker that is gone: the one that took its place does not know them. */
  #lostUpTo = 0;
  /** Ids by number of all that a crash of the worker would lose. */
  #unsettled = new Map<number, string>();

  constructor(index: number, emit: (event: LoomEvent) => void) {
    this.index = index;
    this.#emit = emit;
  }

  /** False while the worker is away or its backlog is over its bound: nothing may be admitted then. */
  get admits(): boolean {
    return this.#port !== null && this.backlogBytes < limits.laneBacklogBytesMax;
  }

  get openExchanges(): number {
    return this.#openExchanges;
  }

  get backlogBytes(): number {
    return this.#backlogBytes + this.#unacknowledgedBytes + this.#pendingBytes;
  }

  /** Admits an exchange: gives its number and sends its `begin`. `onAcknowledged` may be left out when nobody waits. */
  begin(begin: TraceBegin, requestBody: Uint8Array, onAcknowledged?: OnAcknowledged): number {
    this.#lastSeq += 1;
    this.#openExchanges += 1;
    this.#unsettled.set(this.#lastSeq, begin.id);
    this.#send(frameKinds.begin, this.#lastSeq, JSON.stringify(begin), [requestBody], onAcknowledged);
    return this.#lastSeq;
  }

  chunk(seq: number, bytes: readonly Uint8Array[]): void {
    this.#send(frameKinds.chunk, seq, "", bytes);
  }

  end(seq: number, end: TraceEnd, rest: readonly Uint8Array[], onAcknowledged: OnAcknowledged): void {
    this.#openExchanges -= 1;
    this.#send(frameKinds.end, seq, JSON.stringify(end), rest, onAcknowledged);
  }

  /** Binds the lane to a started worker. */
  attach(port: MessagePort): void {
    this.#port = port;
    port.on("message", (message: FromLane) => this.#take(message));
  }

  /** The worker is gone: whoever waits hears it at once, and what it held in memory is named. */
  detach(reason: string): void {
    this.#port?.close();
    this.#port = null;
    this.#backlogBytes = 0;
    this.#unacknowledgedBytes = 0;
    this.#pendingBytes = 0;
    const waiting = [...this.#sent.flatMap((sent) => sent.waiting), ...this.#waiting];
    this.#sent = [];
    this.#waiting = [];
    this.#pending = new FrameBatch();
    this.#emit({ name: "lane_crashed", lane: this.index, reason, exchanges: this.#unsettled.size });
    if (this.#unsettled.size > 0) {
      this.#emit({ name: "traces_lost", lane: this.index, ids: [...this.#unsettled.values()], reason: "lane_crashed" });
      this.#unsettled.clear();
    }
    this.#lostUpTo = this.#lastSeq;
    for (const onAcknowledged of waiting)
      onAcknowledged(new LoomError("record_failed", { message: "The lane crashed." }));
  }

  /** What was handed over so far is sealed under the old keys or the new ones; what comes after it under the new. */
  renewKeys(masterKeys: string): void {
    this.#port?.postMessage({ type: "keys", masterKeys } satisfies ToLane);
  }

  /** Has the worker drop the keys that it derived for a tenant; for all of them when `tenantId` is null. */
  forgetKeys(tenantId: string | null): void {
    this.#port?.postMessage({ type: "forget", tenantId } satisfies ToLane);
  }

  /** Asks the worker to finish what it has and to end its task. */
  drain(deadlineMs: number): void {
    this.#flush();
    this.#port?.postMessage({ type: "drain", deadlineMs } satisfies ToLane);
  }

  #send(
    kind: FrameKind,
    seq: number,
    record: string,
    body: readonly Uint8Array[],
    onAcknowledged?: OnAcknowledged,
  ): void {
    if (this.#port === null || seq <= this.#lostUpTo) {
      onAcknowledged?.(
        new LoomError("record_failed", { message: "The lane that held this exchange crashed or is restarting." }),
      );
      return;
    }
    this.#pending.add(kind, seq, record, body);
    for (const part of body) this.#pendingBytes += part.byteLength;
    if (onAcknowledged !== undefined) this.#waiting.push(onAcknowledged);
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    // After the I/O callbacks of this turn: all exchanges that moved in it share one message.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushIsDue = false;
    if (this.#port === null || this.#pending.size === 0) return;
    this.#lastBatch += 1;
    const bytes = this.#pending.pack();
    this.#sent.push({ batch: this.#lastBatch, bytes: bytes.byteLength, waiting: this.#waiting });
    this.#unacknowledgedBytes += bytes.byteLength;
    this.#pendingBytes = 0;
    this.#waiting = [];
    this.#port.postMessage({ type: "frames", batch: this.#lastBatch, bytes } satisfies ToLane, [bytes]);
  }

  #take(message: FromLane): void {
    if (message.type === "event") {
      this.#emit(message.event);
      return;
    }
    if (message.type === "settled") {
      for (const seq of message.seqs) this.#unsettled.delete(seq);
      return;
    }
    this.#backlogBytes = message.backlogBytes;
    while (this.#sent[0] !== undefined && this.#sent[0].batch <= message.batch) {
      const sent = this.#sent.shift();
      this.#unacknowledgedBytes -= sent?.bytes ?? 0;
      for (const onAcknowledged of sent?.waiting ?? []) onAcknowledged(null);
    }
  }
}
