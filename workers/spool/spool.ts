// One lane's spool: sealed frames go in with one write for each batch, are acknowledged as the durability asks, and
// stay until their exchanges are settled. Room for the end of every open exchange is kept from its begin on.
import { frameKinds } from "../../src/trace/frames.js";
import type { Durability } from "../../src/trace/lane-messages.js";
import { ExchangeIndex, type FrameRef, type Segment } from "./exchange-index.js";
import { GroupFlush } from "./group-flush.js";
import { dedicatedFrom, writeFully } from "./segment-files.js";
import { closeFrameBytes } from "./segment-format.js";
import { SegmentStore, type StoreOptions } from "./segment-store.js";

/** A sealed frame in a batch. */
export type SpooledFrame = {
  readonly seq: number;
  readonly kind: number;
  readonly number: number;
  readonly bytes: number;
};

/** Frames one behind the other. With durability `disk` the spool keeps `bytes` until they are flushed. */
export type SealedBatch = { readonly bytes: Buffer; readonly frames: readonly SpooledFrame[] };

/** Told once, in the order of the batches: with null when the batch is kept, else with why not. */
export type OnKept = (error: Error | null) => void;

export type SpoolOptions = Omit<StoreOptions, "onRetired" | "flushes"> & {
  readonly durability: Exclude<Durability, "memory">;
  /** Room kept for the end of an open exchange. */
  readonly endBytes: number;
  /** How long new exchanges are refused after a write failed twice. */
  readonly retryMs: number;
  readonly onFault: (error: unknown, what: "write" | "flush" | "allocate" | "remove") => void;
};

export class Spool {
  readonly index: ExchangeIndex;
  readonly store: SegmentStore;
  readonly #options: SpoolOptions;
  readonly #flush: GroupFlush | null;
  /** Exchanges that have room for their end. */
  readonly #open = new Set<number>();
  /** Of frames that have been given room and are not written yet. */
  #claimedBytes = 0;
  #dedicated: Segment[] = [];
  #failingUntilMs = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
    const { files, folder, durability, onFault } = options;
    this.index = new ExchangeIndex((segment) => this.#remove(segment));
    this.store = new SegmentStore({
      ...options,
      flushes: durability === "disk",
      onRetired: (segment) => this.#retire(segment),
    });
    this.#flush =
      durability === "process"
        ? null
        : new GroupFlush({
            files,
            folder,
            cut: (segment) => this.store.cut(segment),
            write: (batch) => this.#write(batch),
            onFlushed: (segments) => segments.forEach((segment) => this.index.release(segment)),
            onFault,
            onFailed: () => this.#fail(),
          });
  }

  /** Whether a new exchange would find room. */
  get admits(): boolean {
    const { nowMs, endBytes } = this.#options;
    return nowMs() >= this.#failingUntilMs && this.store.ensureRoom(this.#reservedBytes + 2 * endBytes, "new");
  }

  /**
   * Gives room to a frame that is about to be sealed into the next batch. False when there is none: the exchange
   * cannot be kept any further. An `end` of the usual size always has room.
   */
  claim(kind: number, seq: number, bytes: number): boolean {
    const { endBytes, segmentBytes, nowMs } = this.#options;
    if (kind === frameKinds.begin) {
      if (nowMs() < this.#failingUntilMs) return false;
      this.#open.add(seq);
    } else if (kind === frameKinds.end && this.#open.delete(seq) && bytes <= endBytes) {
      this.#claimedBytes += bytes;
      return true;
    }
    const whose = kind === frameKinds.begin ? "new" : "begun";
    if (bytes > dedicatedFrom(segmentBytes)) {
      const segment = this.store.makeDedicated(bytes, whose);
      if (segment !== null) this.#dedicated.push(segment);
      else this.#open.delete(seq);
      return segment !== null;
    }
    if (this.store.ensureRoom(this.#claimedBytes + bytes + this.#reservedBytes, whose)) {
      this.#claimedBytes += bytes;
      return true;
    }
    this.#open.delete(seq);
    return false;
  }

  /** An exchange of an earlier worker goes on. */
  resume(seq: number): void {
    this.#open.add(seq);
  }

  /** Writes a batch at once. `process`: `onKept` is called before this returns; `disk`: after the next flush. */
  append(batch: SealedBatch, onKept: OnKept): void {
    const error = this.#writeOrRetry(batch);
    this.#claimedBytes = 0;
    for (const unused of this.#dedicated.splice(0)) this.store.cut(unused);
    if (this.#flush === null) onKept(error);
    else this.#flush.add(batch, onKept, error);
    this.topUp();
  }

  settle(seqs: Iterable<number>): void {
    for (const seq of seqs) {
      this.#open.delete(seq);
      this.index.settle(seq);
    }
  }

  /** Has the next segment ready before it is needed. */
  topUp(): void {
    this.store.topUp(this.#reservedBytes)?.catch((error: unknown) => this.#options.onFault(error, "allocate"));
  }

  /** Resolves when every batch is kept or refused. */
  get idle(): Promise<void> {
    return this.#flush?.idle ?? Promise.resolve();
  }

  /** After the last batch: what is settled goes from the disk, the rest stays for the next start. */
  async end(): Promise<void> {
    await this.idle;
    await this.store.end();
  }

  get #reservedBytes(): number {
    return this.#open.size * this.#options.endBytes;
  }

  #retire(segment: Segment): void {
    if (segment.state === "closed") this.#flush?.mark(segment);
    else this.#flush?.forget(segment);
    this.index.release(segment);
  }

  #remove(segment: Segment): boolean {
    if (this.#flush?.forget(segment) === false) return false;
    try {
      this.store.remove(segment);
    } catch (error) {
      this.#options.onFault(error, "remove");
    }
    return true;
  }

  #fail(): void {
    this.store.cutCurrent();
    this.#failingUntilMs = this.#options.nowMs() + this.#options.retryMs;
  }

  /** A second try goes to a fresh segment; after that the batch is refused. */
  #writeOrRetry(batch: SealedBatch): Error | null {
    try {
      this.#write(batch);
      return null;
    } catch (error) {
      this.#options.onFault(error, "write");
    }
    try {
      this.store.cutCurrent();
      this.#flush?.rewrite();
      this.#write(batch);
      return null;
    } catch (error) {
      this.#options.onFault(error, "write");
      this.#fail();
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#flush?.refuse(failure);
      return failure;
    }
  }

  /** One write for each segment that the batch touches: nearly always one. */
  #write({ bytes, frames }: SealedBatch): void {
    let current = null as Segment | null;
    let from = 0;
    let at = 0;
    let first = 0;
    const flush = (to: number) => {
      if (current !== null) this.#writeTo(current, bytes.subarray(from, at), frames.slice(first, to));
      from = at;
      first = to;
    };
    for (const [index, frame] of frames.entries()) {
      if (frame.bytes > dedicatedFrom(this.#options.segmentBytes)) {
        flush(index);
        at += frame.bytes;
        this.#writeDedicated(bytes.subarray(from, at), frame);
        from = at;
        first = index + 1;
        continue;
      }
      if (current === null || current.at + (at - from) + frame.bytes + closeFrameBytes > current.bytes) {
        flush(index);
        current = this.store.segmentFor(frame.bytes);
      }
      at += frame.bytes;
    }
    flush(frames.length);
  }

  #writeDedicated(bytes: Buffer, frame: SpooledFrame): void {
    const at = this.#dedicated.findIndex((segment) => segment.bytes - segment.at - closeFrameBytes === frame.bytes);
    const segment =
      at === -1 ? this.store.makeDedicated(frame.bytes, "begun") : (this.#dedicated.splice(at, 1)[0] as Segment);
    if (segment === null) throw new Error("the disk has no room for a large frame");
    try {
      this.#writeTo(segment, bytes, [frame]);
      this.store.close(segment);
    } catch (error) {
      this.store.cut(segment);
      throw error;
    }
  }

  #writeTo(segment: Segment, bytes: Buffer, frames: readonly SpooledFrame[]): void {
    const { files, reach } = this.#options;
    if (frames.length === 0) return;
    if (frames.some(({ kind }) => kind === frameKinds.end)) reach("before_end_write");
    writeFully(files, segment.file, bytes, segment.at);
    for (const { seq, kind, number, bytes: length } of frames) {
      const ref: FrameRef = { segment, at: segment.at, bytes: length, kind, number };
      segment.at += length;
      segment.frames += 1;
      this.index.add(seq, ref);
      if (kind === frameKinds.begin) reach("after_begin_write");
      else if (kind === frameKinds.end) reach("after_end_write");
    }
    this.#flush?.mark(segment);
  }
}
