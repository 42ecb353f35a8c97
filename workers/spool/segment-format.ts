// The bytes of a segment: its header, and the frame around every sealed payload. docs/storage.md shows the same
// layout; a test holds golden bytes of it. All numbers are little-endian.
//
// header (256 bytes):
//   magic "LOOMSEG1" | u16 version | u16 flags | u32 number | boot 16 | u16 lane | u16 node length |
//   f64 created, ms | node, UTF-8, zero-padded | u32 crc32 of the 252 bytes before
// frame:
//   u32 length of kind and payload | u32 crc32 of kind and payload | u8 kind | payload
// A length of 0 is the unused, zero-filled rest. The last frame of a segment that was left in order is its `close`:
//   u32 number of frames before it. A segment without one was in use when its process ended.
import { crc32 } from "node:zlib";
import { limits } from "../../src/limits.js";
import { readUuid, writeUuid } from "../uuid-bytes.js";

export const headerBytes = 256;
export const frameHeadBytes = 8;
export const closeKind = 4;
export const closeFrameBytes = frameHeadBytes + 1 + 4;
const magic = Buffer.from("LOOMSEG1");
const formatVersion = 1;
const nodeAt = 44;
const crcAt = headerBytes - 4;
const nodeBytesMax = crcAt - nodeAt;
const dedicatedFlag = 1;

/** Whose frames a segment holds. */
export type SegmentOrigin = { readonly nodeId: string; readonly bootId: string; readonly lane: number };

export type SegmentHeader = SegmentOrigin & {
  readonly number: number;
  /** Made for one large frame, beside the others. */
  readonly isDedicated: boolean;
  readonly createdMs: number;
};

/** A frame as a scan found it: `payload` is a view. */
export type SegmentFrame = {
  readonly at: number;
  readonly bytes: number;
  readonly kind: number;
  readonly payload: Buffer;
};

/** Throws an Error when the node's name is too long or the boot is no UUID. */
export function writeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  const node = Buffer.from(header.nodeId);
  if (node.length > nodeBytesMax) throw new Error(`the node's name is longer than ${nodeBytesMax} bytes`);
  bytes.set(magic);
  bytes.writeUInt16LE(formatVersion, 8);
  bytes.writeUInt16LE(header.isDedicated ? dedicatedFlag : 0, 10);
  bytes.writeUInt32LE(header.number, 12);
  writeUuid(bytes, 16, header.bootId);
  bytes.writeUInt16LE(header.lane, 32);
  bytes.writeUInt16LE(node.length, 34);
  bytes.writeDoubleLE(header.createdMs, 36);
  bytes.set(node, nodeAt);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, crcAt)), crcAt);
  return bytes;
}

/** Null when the header is not whole. Throws an Error for one of a newer format: such a file is left alone. */
export function readHeader(bytes: Buffer): SegmentHeader | null {
  if (bytes.length < headerBytes || bytes.readUInt32LE(crcAt) !== crc32(bytes.subarray(0, crcAt))) return null;
  if (!bytes.subarray(0, magic.length).equals(magic)) return null;
  const version = bytes.readUInt16LE(8);
  if (version > formatVersion) throw new Error(`the segment has format ${version}; this Loom reads ${formatVersion}`);
  return {
    number: bytes.readUInt32LE(12),
    isDedicated: (bytes.readUInt16LE(10) & dedicatedFlag) !== 0,
    bootId: readUuid(bytes, 16),
    lane: bytes.readUInt16LE(32),
    createdMs: bytes.readDoubleLE(36),
    nodeId: bytes.toString("utf8", nodeAt, nodeAt + Math.min(bytes.readUInt16LE(34), nodeBytesMax)),
  };
}

/** Fills in the frame's first eight bytes, once kind and payload stand behind them. */
export function finishFrame(out: Buffer, at: number, end: number): void {
  out.writeUInt32LE(end - at - frameHeadBytes, at);
  out.writeUInt32LE(crc32(out.subarray(at + frameHeadBytes, end)), at + 4);
}

export function writeCloseFrame(frames: number): Buffer {
  const bytes = Buffer.alloc(closeFrameBytes);
  bytes[frameHeadBytes] = closeKind;
  bytes.writeUInt32LE(frames, frameHeadBytes + 1);
  finishFrame(bytes, 0, closeFrameBytes);
  return bytes;
}

/** The frame at a position, or null when there is no whole and unchanged one. */
export function readFrame(bytes: Buffer, at: number): SegmentFrame | null {
  if (at + frameHeadBytes >= bytes.length) return null;
  const length = bytes.readUInt32LE(at);
  const end = at + frameHeadBytes + length;
  // A wrong length must not cost a checksum over everything behind it.
  if (length === 0 || length > limits.spoolFrameBytesMax || end > bytes.length) return null;
  const kind = bytes[at + frameHeadBytes] ?? 0;
  if (kind === 0 || kind > closeKind) return null;
  if (bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + frameHeadBytes, end))) return null;
  return { at, bytes: end - at, kind, payload: bytes.subarray(at + frameHeadBytes + 1, end) };
}
