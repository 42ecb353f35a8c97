// The files of one lane's spool: zero-filled before use, so that what was promised room has it on a full disk too;
// one after the other in use; removed when nothing in them is needed.
import { join } from "node:path";
import { limits } from "../../src/limits.js";
import type { Reach } from "./crash-point.js";
import type { Segment } from "./exchange-index.js";
import { dedicatedFrom, letGoOf, segmentName, writeFully } from "./segment-files.js";
import { closeFrameBytes, headerBytes, type SegmentOrigin, writeCloseFrame, writeHeader } from "./segment-format.js";
import { type SpoolFiles, zeroBlock } from "./spool-files.js";

export type StoreOptions = {
  readonly folder: string;
  readonly origin: SegmentOrigin;
  readonly files: SpoolFiles;
  readonly segmentBytes: number;
  /** Of all segments together. */
  readonly bytesMax: number;
  /** The number of the first segment: above all that are in the folder. */
  readonly firstNumber: number;
  /** Whether a new segment is flushed before it is used. */
  readonly flushes: boolean;
  readonly reach: Reach;
  /** Unix time, for headers and for the pause after a full disk. */
  readonly nowMs: () => number;
  /** Told of a segment that takes no more frames. */
  readonly onRetired: (segment: Segment) => void;
};

export class SegmentStore {
  readonly #options: StoreOptions;
  readonly #spares: Segment[] = [];
  #current: Segment | null = null;
  #nextNumber: number;
  #bytes = 0;
  #making: Promise<void> | null = null;
  #state: "open" | "closed" = "open";
  /** The disk is not asked for more before this time. */
  #fullUntilMs = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#nextNumber = options.firstNumber;
  }

  /** Bytes of all segments on the disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that are sure to find room in what is allocated. */
  get room(): number {
    const slack = closeFrameBytes + dedicatedFrom(this.#options.segmentBytes);
    let room = this.#current === null ? 0 : Math.max(0, this.#current.bytes - this.#current.at - slack);
    for (const spare of this.#spares) room += Math.max(0, spare.bytes - spare.at - slack);
    return room;
  }

  /** Makes everything for the first frame. Rejects on a full disk; `topUp` tries again then. */
  open(): Promise<void> {
    return this.#make();
  }

  /** Takes over a segment of the same lane that an earlier worker left. */
  adopt(segment: Segment): void {
    this.#bytes += segment.bytes;
  }

  /** Whether `bytes` have room, at the price of waiting for the disk. False when it is full or at the bound of `whose`. */
  ensureRoom(bytes: number, whose: "new" | "begun"): boolean {
    while (this.room < bytes) {
      if (this.#isFull(this.#options.segmentBytes, whose)) return false;
      try {
        this.#spares.push(this.#makeNow(this.#options.segmentBytes, false));
      } catch {
        return false;
      }
    }
    return true;
  }

  /** Sees to it, in the background, that `bytes` and a whole segment have room; null when they have. Rejects on a full disk. */
  topUp(bytes: number): Promise<void> | null {
    const { segmentBytes } = this.#options;
    if (this.#making !== null || this.#state === "closed") return null;
    if (this.#spares.length > 0 && this.room >= bytes + segmentBytes / 2) return null;
    if (this.#isFull(segmentBytes, "new")) return null;
    this.#making = this.#make().finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  /** The segment that takes a frame of `bytes`; the one before it is closed if it has no room. Throws when there is none. */
  segmentFor(bytes: number): Segment {
    const current = this.#current;
    if (current !== null && current.at + bytes + closeFrameBytes <= current.bytes) return current;
    if (current !== null) this.close(current);
    this.#current = null;
    this.#options.reach("mid_rotate");
    const next = this.#spares.shift() ?? this.#makeWithinBound();
    next.state = "current";
    this.#current = next;
    return next;
  }

  /** Claims had their room; what is written a second time after a fault may find the spool at its bound. */
  #makeWithinBound(): Segment {
    const { segmentBytes, bytesMax } = this.#options;
    if (this.#bytes + segmentBytes > bytesMax) throw new Error("the spool is at its bound");
    return this.#makeNow(segmentBytes, false);
  }

  /** A segment for one large frame, or null when it finds no room. */
  makeDedicated(frameBytes: number, whose: "new" | "begun"): Segment | null {
    const bytes = headerBytes + frameBytes + closeFrameBytes;
    if (this.#isFull(bytes, whose)) return null;
    try {
      return this.#makeNow(bytes, true);
    } catch {
      return null;
    }
  }

  close(segment: Segment): void {
    writeFully(this.#options.files, segment.file, writeCloseFrame(segment.frames), segment.at);
    segment.at += closeFrameBytes;
    segment.state = "closed";
    this.#options.onRetired(segment);
  }

  /** After an error the segment is never written or flushed again; its name says that its end may be torn. */
  cut(segment: Segment): void {
    segment.state = "cut";
    if (segment === this.#current) this.#current = null;
    const path = segment.path.replace(/\.seg$/, ".cut");
    try {
      this.#options.files.rename(segment.path, path);
      segment.path = path;
    } catch {
      // Then a replay takes its torn end for damage, and says so: nothing is lost by that.
    }
    this.#options.onRetired(segment);
  }

  /** Cuts the one in use: where its last write failed is not known. */
  cutCurrent(): void {
    if (this.#current !== null) this.cut(this.#current);
  }

  remove(segment: Segment): void {
    const { files, reach } = this.#options;
    this.#bytes -= segment.bytes;
    letGoOf(files, segment);
    reach("after_unlink");
  }

  /** Ends the use: spares go, and the one in use when nothing in it is needed; the folder with the last of them. */
  async end(): Promise<void> {
    this.#state = "closed";
    await this.#making?.catch(() => {});
    for (const spare of this.#spares.splice(0)) this.remove(spare);
    const current = this.#current;
    this.#current = null;
    if (current?.exchanges === 0) this.remove(current);
    else if (current !== null) this.close(current);
    this.#options.files.removeFolder(this.#options.folder);
  }

  #isFull(more: number, whose: "new" | "begun"): boolean {
    const bound = this.#options.bytesMax * (whose === "new" ? limits.spoolNewShare : 1);
    return this.#bytes + more > bound || this.#options.nowMs() < this.#fullUntilMs;
  }

  #start(bytes: number, isDedicated: boolean): Segment {
    const { files, folder, origin, nowMs } = this.#options;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const path = join(folder, segmentName(number));
    const file = this.#create(path);
    const segment: Segment = {
      number,
      bytes,
      file,
      path,
      at: headerBytes,
      frames: 0,
      exchanges: 0,
      state: "spare",
      condition: "sound",
      entry: "new",
    };
    this.#bytes += bytes;
    try {
      writeFully(files, file, writeHeader({ ...origin, number, isDedicated, createdMs: nowMs() }), 0);
    } catch (error) {
      this.#giveUp(segment);
      throw error;
    }
    return segment;
  }

  #create(path: string): number {
    const { files, folder, nowMs } = this.#options;
    try {
      files.makeFolder(folder);
      return files.create(path);
    } catch (error) {
      this.#fullUntilMs = nowMs() + limits.spoolRetryMs;
      throw error;
    }
  }

  #giveUp(segment: Segment): void {
    this.#fullUntilMs = this.#options.nowMs() + limits.spoolRetryMs;
    this.remove(segment);
  }

  #makeNow(bytes: number, isDedicated: boolean): Segment {
    const segment = this.#start(bytes, isDedicated);
    try {
      for (let at = headerBytes; at < bytes; at += zeroBlock.length) {
        const zeros = zeroBlock.subarray(0, Math.min(zeroBlock.length, bytes - at));
        writeFully(this.#options.files, segment.file, zeros, at);
      }
    } catch (error) {
      this.#giveUp(segment);
      throw error;
    }
    return segment;
  }

  async #make(): Promise<void> {
    const { files, folder, segmentBytes, flushes } = this.#options;
    const segment = this.#start(segmentBytes, false);
    try {
      await files.allocate(segment.file, headerBytes, segmentBytes - headerBytes);
      if (flushes) {
        await files.flush(segment.file);
        await files.flushFolder(folder);
        segment.entry = "flushed";
      }
    } catch (error) {
      this.#giveUp(segment);
      throw error;
    }
    this.#spares.push(segment);
  }
}
