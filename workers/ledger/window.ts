// A window of a chain: what one transaction added to one lane's ledger, and the bytes that are hashed and signed.
// The table is loom.ledger_windows.
import { uuidBytes } from "../uuid-bytes.js";
import { hashBytes, sha256 } from "./merkle.js";

/** rows: of loom.traces. dead: of loom.dead_traces. gap: of loom.ledger_gaps. close: a drained lane, no leaves. */
export type WindowKind = "rows" | "dead" | "gap" | "close";

/** A lane of one boot of one node: the windows of a chain are numbered from 1, its exchanges too. */
export type ChainName = { readonly nodeId: string; readonly bootId: string; readonly lane: number };

export type LedgerWindow = ChainName & {
  readonly number: number;
  readonly kind: WindowKind;
  /** Of the leaves, in their order. */
  readonly seqs: readonly number[];
  /** The first number that no window up to and with this one accounts for. */
  readonly lowWater: number;
  /** The last number that the lane had given, as far as the writer knew. */
  readonly admitted: number;
  /** Unix ms, rounded outwards, of the first and the last row's begin; null without rows. */
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
  readonly merkleRoot: Uint8Array;
  readonly prevHash: Uint8Array;
  readonly keyId: string;
  /** Unix ms. */
  readonly createdAtMs: number;
};

/** What the first window of a chain follows. */
export const noHash: Uint8Array = new Uint8Array(hashBytes);

const kinds: readonly WindowKind[] = ["rows", "dead", "gap", "close"];
const formatVersion = 1;
const word = 0x1_0000_0000;
const noTime = -1n;

export function chainKey({ nodeId, bootId, lane }: ChainName): string {
  return `${nodeId}/${bootId}/${lane}`;
}

/**
 * SHA-256 over, all numbers big-endian: u8 format 1 | 16 bytes boot | i16 lane | i64 number | u8 kind (its place in
 * rows, dead, gap, close) | i64 low water | i64 admitted | i64 first ms or -1 | i64 last ms or -1 | i64 created ms |
 * 32 bytes root | 32 bytes previous hash | u32 length, node | u32 length, key id | u32 count, i64 each number.
 */
export function hashWindow(window: LedgerWindow): Buffer {
  const node = Buffer.from(window.nodeId);
  const key = Buffer.from(window.keyId);
  const head = Buffer.alloc(1 + 16 + 2 + 8 + 1 + 5 * 8);
  let at = head.writeUInt8(formatVersion);
  head.set(uuidBytes(window.bootId), at);
  at = head.writeInt16BE(window.lane, at + 16);
  at = head.writeBigInt64BE(BigInt(window.number), at);
  at = head.writeUInt8(kinds.indexOf(window.kind), at);
  for (const value of [window.lowWater, window.admitted, window.firstAtMs, window.lastAtMs, window.createdAtMs]) {
    at = head.writeBigInt64BE(value === null ? noTime : BigInt(value), at);
  }
  const seqs = Buffer.alloc(4 + window.seqs.length * 8);
  at = seqs.writeUInt32BE(window.seqs.length);
  for (const seq of window.seqs) {
    // A safe integer has no need of a BigInt, which would cost more than its hash.
    const high = Math.floor(seq / word);
    at = seqs.writeInt32BE(high, at);
    at = seqs.writeUInt32BE(seq - high * word, at);
  }
  const parts = [head, window.merkleRoot, window.prevHash, lengthOf(node), node, lengthOf(key), key, seqs];
  return sha256(Buffer.concat(parts));
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}
