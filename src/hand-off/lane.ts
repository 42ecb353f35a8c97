// One lane as the main thread sees it: it numbers exchanges, packs the frames of an event-loop turn into one
// message, and calls back when the worker has acknowledged them. hand-off.ts starts and restarts the workers.
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import type { LoomEvent } from "../report/events.js";
import { FrameBatch, type FrameKind, frameKinds } from "../trace/frames.js";
import type { Durability, FromLane, ResumedExchange, SkippedExchange, ToLane } from "../trace/lane-messages.js";
import type { TraceBegin, TraceEnd } from "../trace/record.js";
import type { LanePort } from "./measured-port.js";
import type { OnAcknowledged, OpenExchange, SentBatch, Waiting } from "./sent-batch.js";
import { Unsettled } from "./unsettled.js";

function notKept(message: string): LoomError {
  return new LoomError("record_failed", { message });
}

export class Lane {
  readonly index: number;
  readonly #emit: (event: LoomEvent) => void;
  #port: LanePort | null = null;
  #lastSeq = 0;
  #lastBatch = 0;
  #pending = new FrameBatch();
  #pendingSeqs = new Set<number>();
  #waiting: Waiting[] = [];
  #sent: SentBatch[] = [];
  #flushIsDue = false;
  /** What the worker said it holds. */
  #backlogBytes = 0;
  /** What it has not acknowledged yet. */
  #unacknowledgedBytes = 0;
  #openExchanges = 0;
  /** Whether the worker has room for new exchanges, as far as it said. */
  #room: "unknown" | "free" | "full" = "unknown";
  /** Whether a worker's successor finds what was acknowledged. */
  readonly #memory: "lost" | "spooled";
  readonly #open = new Map<number, OpenExchange>();
  /** Open exchanges that the worker does not have whole: nothing more of them is kept. */
  readonly #broken = new Set<number>();
  readonly #unsettled = new Unsettled();

  constructor(index: number, durability: Durability, emit: (event: LoomEvent) => void) {
    this.index = index;
    this.#memory = durability === "memory" ? "lost" : "spooled";
    this.#emit = emit;
  }

  /** False while the worker is away or its backlog is over its bound: nothing may be admitted then. */
  get admits(): boolean {
    return this.#port !== null && this.#room !== "full" && this.backlogBytes < limits.laneBacklogBytesMax;
  }

  /** Whether a worker has answered yet. */
  get isOpen(): boolean {
    return this.#room !== "unknown";
  }

  get openExchanges(): number {
    return this.#openExchanges;
  }

  get backlogBytes(): number {
    return this.#backlogBytes + this.#unacknowledgedBytes + this.#pending.bytes;
  }

  /** Admits an exchange: gives its number and sends its `begin`. `onAcknowledged` may be left out when nobody waits. */
  begin(begin: TraceBegin, requestBody: Uint8Array, onAcknowledged?: OnAcknowledged): number {
    this.#lastSeq += 1;
    this.#openExchanges += 1;
    this.#unsettled.add(this.#lastSeq, begin);
    this.#open.set(this.#lastSeq, { keySalt: begin.keySalt, lastBatch: 0, state: "open" });
    this.#send(frameKinds.begin, this.#lastSeq, JSON.stringify(begin), [requestBody], onAcknowledged);
    return this.#lastSeq;
  }

  /** Gives a number to an exchange that is served and not recorded: the ledger gets a signed gap for it. */
  skip(begin: TraceBegin, reason: string): number {
    const { id, tenantId } = begin;
    this.#lastSeq += 1;
    this.#unsettled.add(this.#lastSeq, begin);
    this.#tell(this.#unsettled.makeGap(this.#lastSeq, reason));
    this.#emit({ name: "exchange_unrecorded", lane: this.index, traceId: id, tenantId, reason });
    return this.#lastSeq;
  }

  /** A worker that finds the exchange in its spool, or a row of it, makes no gap of it. */
  #tell(gap: SkippedExchange | null): void {
    if (gap !== null) this.#port?.postMessage({ type: "skipped", exchange: gap } satisfies ToLane);
  }

  chunk(seq: number, bytes: readonly Uint8Array[], onAcknowledged?: OnAcknowledged): void {
    this.#send(frameKinds.chunk, seq, "", bytes, onAcknowledged);
  }

  end(seq: number, end: TraceEnd, rest: readonly Uint8Array[], onAcknowledged: OnAcknowledged): void {
    this.#openExchanges -= 1;
    const open = this.#open.get(seq);
    if (open !== undefined) open.state = "ended";
    this.#send(frameKinds.end, seq, JSON.stringify(end), rest, onAcknowledged);
  }

  /** Binds the lane to a started worker. */
  attach(port: LanePort): void {
    this.#port = port;
    port.on("message", (message: FromLane) => this.#take(message));
    for (const gap of this.#unsettled.gaps) this.#tell(gap);
    this.#flush();
  }

  /** What the successor of a worker that is gone must know: the open exchanges that it finds whole in the spool. */
  get resumable(): ResumedExchange[] {
    const found = [...this.#open].filter(([seq, { lastBatch }]) => lastBatch > 0 && !this.#broken.has(seq));
    return found.map(([seq, { keySalt }]) => ({ seq, keySalt }));
  }

  /**
   * The worker is gone. Whoever waits for what it had not acknowledged hears it at once. With a spool, an exchange of
   * which everything was acknowledged goes on with the next worker; without one, all that it held is named as lost.
   */
  detach(reason: string): void {
    this.#port?.close();
    this.#port = null;
    this.#backlogBytes = 0;
    this.#unacknowledgedBytes = 0;
    this.#room = "unknown";
    const broken = new Set(this.#memory === "lost" ? this.#open.keys() : this.#sent.flatMap(({ seqs }) => [...seqs]));
    const waiting = [...this.#sent.flatMap((sent) => sent.waiting), ...this.#waiting];
    this.#sent = [];
    this.#pending.drop(broken);
    this.#waiting = this.#waiting.filter(({ seq }) => !broken.has(seq));
    for (const seq of broken) this.#break(seq);
    this.#emit({ name: "lane_crashed", lane: this.index, reason, exchanges: this.#unsettled.size });
    // What the gone worker alone had becomes a gap, so that its number is accounted for.
    const lost = this.#unsettled.lose(this.#memory === "lost" ? null : broken, "lane_crashed");
    if (this.#memory === "lost" && lost.length > 0) {
      const ids = lost.map(({ id }) => id);
      this.#emit({ name: "traces_lost", lane: this.index, ids, reason: "lane_crashed" });
    }
    for (const { seq, onAcknowledged } of waiting) if (broken.has(seq)) onAcknowledged(notKept("The lane crashed."));
  }

  /** What was handed over so far is sealed under the old keys or the new ones; what comes after it under the new. */
  tellKeys(message: Extract<ToLane, { readonly type: "keys" | "forget" }>): void {
    this.#port?.postMessage(message);
  }

  /** Asks the worker to finish what it has and to end its task. */
  drain(deadlineMs: number): void {
    this.#post();
    this.#port?.postMessage({ type: "drain", deadlineMs } satisfies ToLane);
  }

  #send(
    kind: FrameKind,
    seq: number,
    record: string,
    body: readonly Uint8Array[],
    onAcknowledged?: OnAcknowledged,
  ): void {
    const open = this.#open.get(seq);
    if (open === undefined || this.#broken.has(seq) || (this.#port === null && this.#memory === "lost")) {
      if (kind === frameKinds.begin) this.#tell(this.#unsettled.makeGap(seq, "lane_crashed"));
      if (kind === frameKinds.end) this.#forget(seq);
      onAcknowledged?.(notKept("The lane does not have this exchange any more."));
      return;
    }
    this.#pending.add(kind, seq, record, body);
    this.#pendingSeqs.add(seq);
    if (onAcknowledged !== undefined) this.#waiting.push({ seq, onAcknowledged });
    this.#flushLater();
  }

  /** After the I/O callbacks of this turn: all exchanges that moved in it share one message. */
  #flushLater(): void {
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    setImmediate(() => this.#flush());
  }

  /**
   * One message is under way at a time, as in a group commit: the more there is to do, the more shares it, and the
   * cost of a message and of a write in the spool is divided among them. Alone, an exchange waits for nobody.
   */
  #flush(): void {
    this.#flushIsDue = false;
    if (this.#sent.length === 0) this.#post();
  }

  #post(): void {
    if (this.#port === null || this.#pending.size === 0) return;
    this.#lastBatch += 1;
    const bytes = this.#pending.pack();
    const seqs = this.#pendingSeqs;
    for (const seq of seqs) {
      const open = this.#open.get(seq);
      if (open !== undefined) open.lastBatch = this.#lastBatch;
    }
    this.#sent.push({ batch: this.#lastBatch, bytes: bytes.byteLength, seqs, waiting: this.#waiting });
    this.#pendingSeqs = new Set();
    this.#unacknowledgedBytes += bytes.byteLength;
    this.#waiting = [];
    this.#port.postMessage({ type: "frames", batch: this.#lastBatch, bytes } satisfies ToLane, [bytes]);
  }

  #take(message: FromLane): void {
    if (message.type === "event") {
      this.#emit(message.event);
      return;
    }
    if (message.type === "settled") {
      this.#unsettled.settle(message.seqs);
      return;
    }
    this.#backlogBytes = message.backlogBytes;
    this.#room = message.admits === false ? "full" : "free";
    const refused = new Set(message.refused ?? []);
    for (const seq of refused) {
      this.#break(seq);
      this.#unsettled.refuse(seq);
    }
    while (this.#sent[0] !== undefined && this.#sent[0].batch <= message.batch)
      this.#settleBatch(this.#sent[0], refused);
    if (this.#pending.size > 0) this.#flushLater();
  }

  #settleBatch(sent: SentBatch, refused: ReadonlySet<number>): void {
    this.#sent.shift();
    this.#unacknowledgedBytes -= sent.bytes;
    for (const seq of sent.seqs) {
      const open = this.#open.get(seq);
      if (open?.state === "ended" && open.lastBatch <= sent.batch) this.#forget(seq);
    }
    for (const { seq, onAcknowledged } of sent.waiting)
      onAcknowledged(refused.has(seq) ? notKept("There was no room for the record.") : null);
  }

  /** Nothing more of this exchange is kept; it is remembered until it has ended. */
  #break(seq: number): void {
    const open = this.#open.get(seq);
    if (open === undefined) return;
    if (open.state === "ended") this.#forget(seq);
    else this.#broken.add(seq);
  }

  #forget(seq: number): void {
    this.#open.delete(seq);
    this.#broken.delete(seq);
  }
}
