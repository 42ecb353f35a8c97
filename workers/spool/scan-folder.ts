// Reads a lane's folder into an index: which exchanges it holds, how far each has come, and which files are damaged.
// Every file is read once, from its first byte to its last.
import { basename, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { frameKinds } from "../../src/trace/frames.js";
import type { ExchangeIndex, Segment } from "./exchange-index.js";
import { readFrameHead } from "./frame-head.js";
import { type SegmentScan, scanSegment } from "./scan-segment.js";
import { letGoOf } from "./segment-files.js";
import type { SegmentOrigin } from "./segment-format.js";
import { type SpoolFiles, zeroBlock } from "./spool-files.js";

/** What the heads of an exchange's frames say. */
export type FoundExchange = {
  readonly id: string;
  readonly tenantId: string;
  readonly createdAtMs: number;
  readonly keyVersion: number;
  hasBegin: boolean;
  hasEnd: boolean;
  nextNumber: number;
};

export type FolderScan = {
  readonly segments: readonly Segment[];
  /** As the first whole header says; null when there is none. */
  readonly origin: SegmentOrigin | null;
  readonly exchanges: ReadonlyMap<number, FoundExchange>;
  /** Which files are damaged, and how. */
  readonly damage: readonly string[];
  /** Segments that were in use when their writer ended. */
  readonly unclosed: readonly Segment[];
  /** Segments whose last write did not finish. */
  readonly tornTails: number;
  readonly bytes: number;
  readonly lastNumber: number;
  /** Unix ms of the oldest segment. */
  readonly createdMs: number;
};

const namePattern = /^(\d{10})\.(seg|cut)$/;

function openSegment(files: SpoolFiles, path: string, number: number): { segment: Segment; bytes: Buffer } {
  const file = files.open(path);
  const size = files.size(file);
  const bytes = Buffer.allocUnsafeSlow(size);
  const read = files.read(file, bytes, 0);
  const state = path.endsWith(".cut") ? "cut" : "closed";
  const segment: Segment = {
    number,
    bytes: size,
    file,
    path,
    at: size,
    frames: 0,
    exchanges: 0,
    state,
    condition: "sound",
    entry: "flushed",
  };
  return { segment, bytes: bytes.subarray(0, read) };
}

/** Whether a file was made and never written to, or not so that it outlived a power cut: nothing in it was promised. */
function isBlank(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeroBlock.length) {
    const part = bytes.subarray(at, at + zeroBlock.length);
    if (!part.equals(zeroBlock.subarray(0, part.length))) return false;
  }
  return true;
}

/** Why a segment is damaged, or null. Only the newest, or one that was cut, may end in the middle of a write. */
function judge(scan: SegmentScan, mayBeTorn: boolean): string | null {
  if (scan.header === null) return "its header cannot be read";
  const gap = scan.gaps[0] ?? (mayBeTorn ? null : scan.tornTail);
  if (gap !== null && gap !== undefined) return `${gap.bytes} bytes at ${gap.at} are no frame`;
  if (scan.closedWith !== null && scan.closedWith !== scan.frames.length)
    return `it has ${scan.frames.length} frames and was closed with ${scan.closedWith}`;
  return null;
}

export class FolderScanner {
  readonly #files: SpoolFiles;
  readonly #index: ExchangeIndex;
  readonly #exchanges = new Map<number, FoundExchange>();
  readonly #segments: Segment[] = [];
  readonly #damage: string[] = [];
  readonly #unclosed: Segment[] = [];
  #origin: SegmentOrigin | null = null;
  #tornTails = 0;
  #bytes = 0;
  #createdMs = Number.POSITIVE_INFINITY;

  constructor(files: SpoolFiles, index: ExchangeIndex) {
    this.#files = files;
    this.#index = index;
  }

  /** Throws what the file system throws, and an Error for a segment of a newer format. */
  async scan(folder: string): Promise<FolderScan> {
    const names = this.#files.list(folder).filter((name) => namePattern.test(name));
    let lastNumber = 0;
    let isNewest = true;
    // Backwards, since what a torn end means depends on whether something came after it.
    for (const name of names.toReversed()) {
      const number = Number(name.slice(0, 10));
      lastNumber = Math.max(lastNumber, number);
      const { segment, bytes } = openSegment(this.#files, join(folder, name), number);
      if (isBlank(bytes)) {
        letGoOf(this.#files, segment);
        continue;
      }
      const scan = scanSegment(bytes);
      const isDedicated = scan.header?.isDedicated === true;
      const isUsed = scan.frames.length > 0 || scan.tornTail !== null || scan.gaps.length > 0;
      this.#take(segment, scan, isNewest || isDedicated || segment.state === "cut");
      if (isUsed && !isDedicated && segment.state !== "cut") isNewest = false;
      await nextTurn();
    }
    return {
      segments: this.#segments,
      origin: this.#origin,
      exchanges: this.#exchanges,
      damage: this.#damage,
      unclosed: this.#unclosed,
      tornTails: this.#tornTails,
      bytes: this.#bytes,
      lastNumber,
      createdMs: this.#createdMs,
    };
  }

  #take(segment: Segment, scan: SegmentScan, mayBeTorn: boolean): void {
    this.#segments.push(segment);
    if (scan.closedWith === null) this.#unclosed.push(segment);
    this.#bytes += segment.bytes;
    this.#origin ??= scan.header;
    this.#createdMs = Math.min(this.#createdMs, scan.header?.createdMs ?? Number.POSITIVE_INFINITY);
    const what = judge(scan, mayBeTorn);
    if (what !== null) {
      segment.condition = "damaged";
      this.#damage.push(`${basename(segment.path)}: ${what}`);
    } else if (scan.tornTail !== null) this.#tornTails += 1;
    for (const { at, bytes, kind, payload } of scan.frames) {
      const head = readFrameHead(payload);
      if (head === null) continue;
      segment.frames += 1;
      this.#index.add(head.seq, { segment, at, bytes, kind, number: head.number });
      const found = this.#exchanges.get(head.seq) ?? { ...head, hasBegin: false, hasEnd: false, nextNumber: 0 };
      found.hasBegin ||= kind === frameKinds.begin;
      found.hasEnd ||= kind === frameKinds.end;
      found.nextNumber = Math.max(found.nextNumber, head.number + 1);
      this.#exchanges.set(head.seq, found);
    }
  }
}
