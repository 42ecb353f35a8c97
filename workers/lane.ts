// Piscina entry: one lane's task, from its first frame to its drain. Frames come in over the port, are acknowledged
// at once, and become rows in short slices in between, so that work never delays an acknowledgement for long.
import type { MessagePort } from "node:worker_threads";
import { limits } from "../src/limits.js";
import type { LoomEvent } from "../src/report/events.js";
import { readFrames } from "../src/trace/frames.js";
import type { FromLane, LaneSettings, LaneTask, ToLane } from "../src/trace/lane-messages.js";
import { bytesOf, OpenExchanges, type RawExchange } from "./open-exchanges.js";
import { Recorder } from "./recorder.js";

const settleEveryMs = 2000;
/** When the main thread is gone without a drain: what can be written in this time is. */
const orphanDeadlineMs = 5000;

/** Resolves when the lane is drained. Throws an Error for settings that it cannot work with. */
export async function runLane({ port, settings }: LaneTask): Promise<void> {
  if (settings.durability !== "memory") {
    throw new Error(`durability ${settings.durability} needs the spool, which this version does not have`);
  }
  await new LaneRun(port, settings).life;
}

class LaneRun {
  readonly life: Promise<void>;
  readonly #port: MessagePort;
  readonly #lane: number;
  readonly #recorder: Recorder;
  readonly #open = new OpenExchanges();
  /** Whole exchanges that wait for their turn. */
  #ended: RawExchange[] = [];
  #endedBytes = 0;
  #lastBatch = 0;
  #state: "idle" | "working" | "draining" = "idle";

  constructor(port: MessagePort, settings: LaneSettings) {
    this.#port = port;
    this.#lane = settings.lane;
    this.#recorder = new Recorder({
      settings,
      emit: (event) => this.#emit(event),
      // The main thread must learn that there is room again, also when it sends nothing because there was none.
      onProgress: (seqs) => this.#settle(seqs),
    });
    const settling = setInterval(() => this.#open.settle(), settleEveryMs);
    this.life = new Promise<number>((resolve) => {
      port.on("message", (message: ToLane) => {
        if (message.type === "frames") this.#receive(message.batch, message.bytes);
        else if (message.type === "keys") this.#recorder.renewKeys(message.masterKeys);
        else if (message.type === "forget") this.#recorder.forgetKeys(message.tenantId);
        else resolve(message.deadlineMs);
      });
      port.on("close", () => resolve(orphanDeadlineMs));
    })
      .then((deadlineMs) => this.#drain(deadlineMs))
      .finally(() => {
        clearInterval(settling);
        port.close();
      });
  }

  /** Durability `memory`: what is decoded is kept. With a spool, the acknowledgement comes after its write. */
  #receive(batch: number, bytes: ArrayBuffer): void {
    try {
      for (const frame of readFrames(bytes)) {
        try {
          this.#recorder.noteAdmitted(frame.seq);
          const ended = this.#open.take(frame);
          if (ended !== null) this.#enqueue(ended);
        } catch (error) {
          this.#lose([`seq ${frame.seq}`], error);
        }
      }
    } catch (error) {
      // The rest of the batch has no frame borders any more; which exchanges it held comes out at the drain.
      this.#lose([], error);
    }
    this.#lastBatch = batch;
    this.#acknowledge();
  }

  #enqueue(raw: RawExchange): void {
    if (this.#state === "draining") return this.#recorder.record(raw);
    this.#ended.push(raw);
    this.#endedBytes += bytesOf(raw);
    if (this.#state === "working") return;
    this.#state = "working";
    setImmediate(() => this.#work());
  }

  /** One slice. Between two of them the event loop looks at the port. */
  #work(): void {
    const until = performance.now() + limits.laneSliceMs;
    let done = 0;
    while (done < this.#ended.length && (done === 0 || performance.now() < until)) {
      const raw = this.#ended[done] as RawExchange;
      this.#endedBytes -= bytesOf(raw);
      this.#recorder.record(raw);
      done += 1;
    }
    this.#ended = done === this.#ended.length ? [] : this.#ended.slice(done);
    if (this.#ended.length > 0) {
      setImmediate(() => this.#work());
      return;
    }
    if (this.#state === "working") this.#state = "idle";
  }

  async #drain(deadlineMs: number): Promise<void> {
    this.#state = "draining";
    for (const raw of [...this.#ended, ...this.#open.takeAll()]) this.#recorder.record(raw);
    this.#ended = [];
    this.#endedBytes = 0;
    await this.#recorder.drain(deadlineMs);
  }

  #acknowledge(): void {
    const backlogBytes = this.#open.bytes + this.#endedBytes + this.#recorder.backlogBytes;
    this.#port.postMessage({ type: "acknowledged", batch: this.#lastBatch, backlogBytes } satisfies FromLane);
  }

  #settle(seqs: readonly number[]): void {
    this.#port.postMessage({ type: "settled", seqs } satisfies FromLane);
    this.#acknowledge();
  }

  #emit(event: LoomEvent): void {
    this.#port.postMessage({ type: "event", event } satisfies FromLane);
  }

  #lose(ids: readonly string[], error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#emit({ name: "traces_lost", lane: this.#lane, ids, reason });
  }
}
