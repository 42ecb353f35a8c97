// Piscina entry: one lane's task, from its first frame to its drain. Frames come in over the port, are sealed into
// the spool, acknowledged as the durability asks, and become rows afterwards, in short slices.
import type { MessagePort } from "node:worker_threads";
import type { LoomEvent } from "../src/report/events.js";
import { type Frame, frameKinds, readFrames } from "../src/trace/frames.js";
import type { FromLane, LaneSettings, LaneTask, SkippedExchange, ToLane } from "../src/trace/lane-messages.js";
import type { TraceBegin } from "../src/trace/record.js";
import { OpenExchanges, type RawExchange } from "./open-exchanges.js";
import { type LeftExchange, RecordQueue } from "./record-queue.js";
import { Recorder } from "./recorder.js";
import { Adoptions } from "./spool/adoption.js";
import { crashAt, type Reach } from "./spool/crash-point.js";
import { LaneSpool } from "./spool/lane-spool.js";
import { diskFiles } from "./spool/spool-files.js";

const settleEveryMs = 2000;
/** When the main thread is gone without a drain: what can be written in this time is. */
const orphanDeadlineMs = 5000;

type Ended =
  | { readonly where: "memory"; readonly raw: RawExchange }
  | { readonly where: "spool"; readonly left: LeftExchange };

function saltOf(raw: RawExchange): string {
  return (JSON.parse(raw.begin.toString("utf8")) as TraceBegin).keySalt;
}

/** Resolves when the lane is drained. Throws an Error for settings that it cannot work with. */
export async function runLane({ port, settings }: LaneTask): Promise<void> {
  const lane = new LaneRun(port, settings);
  await lane.open();
  await lane.run();
}

class LaneRun {
  readonly #port: MessagePort;
  readonly #settings: LaneSettings;
  readonly #reach: Reach;
  readonly #recorder: Recorder;
  readonly #open = new OpenExchanges();
  readonly #queue: RecordQueue;
  #spool: LaneSpool | null = null;
  readonly #adoptions: Adoptions;
  /** Exchanges of an earlier worker that have ended in this one. */
  readonly #handedOn = new Set<number>();
  /** Exchanges that the spool refused: what was under way of them is of no use any more. */
  readonly #refused = new Set<number>();
  #lastBatch = 0;
  /** What the main thread was told last of room for new exchanges. */
  #told: "room" | "full" = "room";

  constructor(port: MessagePort, settings: LaneSettings) {
    this.#port = port;
    this.#settings = settings;
    this.#reach = crashAt(settings.crashAt ?? null);
    this.#recorder = new Recorder({
      settings,
      emit: (event) => this.#emit(event),
      // The main thread must learn that there is room again, also when it sends nothing because there was none.
      onProgress: (seqs) => this.#settle(seqs),
      isHeld: (seq) => this.#spool?.holds(seq) === true,
      reach: this.#reach,
    });
    this.#adoptions = new Adoptions({
      settings,
      files: diskFiles,
      emit: (event) => this.#emit(event),
      reach: this.#reach,
    });
    this.#queue = new RecordQueue({
      record: (raw) => this.#recorder.record(raw),
      recordedBytes: () => this.#recorder.backlogBytes,
      read: (left) => this.#readBack(left),
    });
  }

  /** Reads what an earlier worker of this lane left. Frames wait in the port until then. */
  async open(): Promise<void> {
    const { durability, spool: place } = this.#settings;
    if (durability === "memory") return;
    if (place === undefined) throw new Error(`durability ${durability} needs a folder for the spool`);
    this.#spool = await LaneSpool.open(
      {
        settings: this.#settings,
        recorder: this.#recorder,
        emit: (event) => this.#emit(event),
        onSettled: (seqs) => this.#settle(seqs),
        reach: this.#reach,
      },
      place,
    );
  }

  async run(): Promise<void> {
    this.#spool?.startReplay();
    // Tells the main thread that the lane is open, and whether it has room.
    this.#acknowledge([]);
    void this.#adoptions.run(this.#settings.spool?.adopt ?? []);
    const settling = setInterval(() => this.#tick(), settleEveryMs);
    try {
      await this.#drain(await this.#untilDrain());
    } finally {
      clearInterval(settling);
      this.#port.close();
    }
  }

  /** Resolves to the time that is left for a drain, in ms. */
  #untilDrain(): Promise<number> {
    return new Promise((resolve) => {
      this.#port.on("message", (message: ToLane) => {
        if (message.type === "frames") this.#receive(message.batch, message.bytes);
        else if (message.type === "skipped") this.#skip(message.exchange);
        else if (message.type === "keys") this.#recorder.renewKeys(message.masterKeys);
        else if (message.type === "forget") this.#recorder.forgetKeys(message.tenantId);
        else resolve(message.deadlineMs);
      });
      this.#port.on("close", () => resolve(orphanDeadlineMs));
    });
  }

  #receive(batch: number, bytes: ArrayBuffer): void {
    const frames: Frame[] = [];
    try {
      for (const frame of readFrames(bytes)) frames.push(frame);
    } catch (error) {
      // The rest of the batch has no frame borders any more; which exchanges it held comes out at the drain.
      this.#lose([], error);
    }
    for (const { seq } of frames) this.#recorder.noteAdmitted(seq);
    // A frame is in memory before it is in the spool: what finds no place there is still recorded if it can be.
    const ended = this.#collect(frames);
    if (this.#spool === null) this.#finish(batch, ended, new Set());
    else this.#spool.keep(frames, (refused) => this.#finish(batch, ended, refused));
  }

  /** The exchanges that these frames end. */
  #collect(frames: readonly Frame[]): Ended[] {
    const ended: Ended[] = [];
    for (const frame of frames) {
      if (this.#refused.has(frame.seq)) continue;
      try {
        const salt = this.#spool?.resumedSalt(frame.seq);
        if (salt === undefined) {
          const raw = this.#open.take(frame);
          if (raw !== null) ended.push({ where: "memory", raw });
        } else if (frame.kind === frameKinds.end) {
          ended.push({ where: "spool", left: { seq: frame.seq, keySalt: salt } });
        }
      } catch (error) {
        this.#lose([`seq ${frame.seq}`], error);
      }
    }
    return ended;
  }

  /** After the frames of a batch were kept, or refused. */
  #finish(batch: number, ended: readonly Ended[], refused: ReadonlySet<number>): void {
    this.#lastBatch = batch;
    this.#acknowledge([...refused]);
    for (const seq of refused) this.#breakOff(seq);
    for (const one of ended) {
      if (one.where === "spool") {
        this.#handedOn.add(one.left.seq);
        this.#queue.leave(one.left);
      } else if (this.#spool !== null && this.#queue.isFull && !refused.has(one.raw.seq))
        this.#queue.leave({ seq: one.raw.seq, keySalt: saltOf(one.raw) });
      else this.#queue.add(one.raw);
    }
  }

  /** An exchange that goes on, but not in the spool: what there is of it becomes a row now, or its number a gap. */
  #breakOff(seq: number): void {
    if (this.#refused.has(seq)) return;
    this.#refused.add(seq);
    const salt = this.#spool?.resumedSalt(seq);
    const raw = this.#open.remove(seq);
    if (salt !== undefined && !this.#handedOn.has(seq)) {
      this.#handedOn.add(seq);
      this.#queue.leave({ seq, keySalt: salt });
    } else if (raw !== null && this.#spool?.holds(seq) === true) this.#queue.add(raw);
    else if (raw !== null) this.#recorder.noteRefused(raw);
  }

  /** What the main thread could not hand over, unless an earlier worker had got it after all. */
  #skip(exchange: SkippedExchange): void {
    if (this.#spool?.holds(exchange.seq) !== true) this.#recorder.noteSkipped(exchange);
  }

  #readBack(left: LeftExchange): RawExchange | null {
    try {
      return this.#spool?.read(left) ?? null;
    } catch (error) {
      // It stays where it is: the next start tells what is wrong with it.
      const reason = error instanceof Error ? error.message : String(error);
      this.#emit({ name: "spool_failed", lane: this.#settings.lane, what: "read", reason });
      return null;
    }
  }

  #tick(): void {
    this.#open.settle();
    if (this.#spool === null) return;
    this.#spool.topUp();
    if (this.#told === "full") this.#acknowledge([]);
  }

  async #drain(deadlineMs: number): Promise<void> {
    await this.#spool?.idle();
    await this.#spool?.stopReplay();
    const left = this.#spool?.resumed.filter(({ seq }) => !this.#handedOn.has(seq)) ?? [];
    for (const one of left) this.#queue.leave(one);
    this.#queue.drain();
    for (const raw of this.#open.takeAll()) this.#recorder.record(raw);
    await Promise.all([this.#adoptions.stop(deadlineMs), this.#recorder.drain(deadlineMs)]);
    await this.#spool?.end();
  }

  #acknowledge(refused: readonly number[]): void {
    const backlogBytes = this.#open.bytes + this.#queue.bytes + this.#recorder.backlogBytes;
    const admits = this.#spool?.admits ?? true;
    this.#told = admits ? "room" : "full";
    this.#port.postMessage({
      type: "acknowledged",
      batch: this.#lastBatch,
      backlogBytes,
      admits,
      refused,
    } satisfies FromLane);
  }

  #settle(seqs: readonly number[]): void {
    this.#spool?.settle(seqs);
    for (const seq of seqs) this.#refused.delete(seq);
    this.#port.postMessage({ type: "settled", seqs } satisfies FromLane);
    this.#acknowledge([]);
  }

  #emit(event: LoomEvent): void {
    this.#port.postMessage({ type: "event", event } satisfies FromLane);
  }

  #lose(ids: readonly string[], error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#emit({ name: "traces_lost", lane: this.#settings.lane, ids, reason });
  }
}
