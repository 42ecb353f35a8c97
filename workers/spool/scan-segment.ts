// What a segment holds, whatever happened to it: every whole frame, and the stretches that are none. Only says what
// is there; replay.ts decides what it means.
import { limits } from "../../src/limits.js";
import {
  closeKind,
  headerBytes,
  readFrame,
  readHeader,
  type SegmentFrame,
  type SegmentHeader,
} from "./segment-format.js";

/** Bytes that are neither a frame nor unused. */
export type Gap = { readonly at: number; readonly bytes: number };

export type SegmentScan = {
  /** Null when the header is damaged. */
  readonly header: SegmentHeader | null;
  /** Without the `close`. */
  readonly frames: readonly SegmentFrame[];
  /** Damage between two whole frames, or in a segment that was closed. */
  readonly gaps: readonly Gap[];
  /** What a write that did not finish left behind: nothing whole comes after it. */
  readonly tornTail: Gap | null;
  /** What its `close` says it holds, or null: the segment was in use when its process ended. */
  readonly closedWith: number | null;
};

const zeros = Buffer.alloc(64 * 1024);

/** The first byte from `at` on that is not zero; the length when there is none. */
function skipZeros(bytes: Buffer, at: number): number {
  let from = at;
  while (from + zeros.length <= bytes.length && bytes.compare(zeros, 0, zeros.length, from, from + zeros.length) === 0)
    from += zeros.length;
  while (from < bytes.length && bytes[from] === 0) from += 1;
  return from;
}

/** One past the last byte that is not zero. */
function endOfBytes(bytes: Buffer): number {
  let end = bytes.length;
  while (end >= zeros.length && bytes.compare(zeros, 0, zeros.length, end - zeros.length, end) === 0)
    end -= zeros.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** The next whole frame after damage, or null. */
function findFrame(bytes: Buffer, from: number, end: number): SegmentFrame | null {
  for (let at = from; at < end; at += 1) {
    // Most positions fail here, without a call.
    const length = (bytes[at + 3] ?? 0) * 0x100_0000 + ((bytes[at + 2] ?? 0) << 16);
    if (length > limits.spoolFrameBytesMax) continue;
    const frame = readFrame(bytes, at);
    if (frame !== null) return frame;
  }
  return null;
}

/** Reads a whole segment. Throws only for a header of a newer format. */
export function scanSegment(bytes: Buffer): SegmentScan {
  const header = readHeader(bytes);
  const frames: SegmentFrame[] = [];
  const gaps: Gap[] = header === null ? [{ at: 0, bytes: Math.min(headerBytes, bytes.length) }] : [];
  let tornTail: Gap | null = null;
  let closedWith: number | null = null;
  let at = headerBytes;
  while (at < bytes.length) {
    let frame = readFrame(bytes, at);
    if (frame === null) {
      if (skipZeros(bytes, at) === bytes.length) break;
      const end = endOfBytes(bytes);
      frame = findFrame(bytes, at + 1, end);
      if (frame === null) {
        tornTail = { at, bytes: end - at };
        break;
      }
      gaps.push({ at, bytes: frame.at - at });
    }
    if (frame.kind === closeKind) {
      closedWith = frame.payload.readUInt32LE(0);
      break;
    }
    frames.push(frame);
    at = frame.at + frame.bytes;
  }
  return { header, frames, gaps, tornTail, closedWith };
}
