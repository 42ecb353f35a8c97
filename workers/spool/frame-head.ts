// The plaintext head of every sealed payload: what a replay needs before it has a key. It is bound into the
// ciphertext, so that no frame can be moved to another exchange, tenant or place.
//
//   id 16 | tenant 16 | u64 seq | f64 created, ms | u32 key version | u32 frame number | iv 12   (little-endian)
// The frame number counts an exchange's frames from 0, its `begin`: a frame that was written twice, since a disk
// failed in between, is taken once.
import { ivBytes } from "../seal/binding.js";
import { readUuid, writeUuid } from "../uuid-bytes.js";

export const payloadHeadBytes = 16 + 16 + 8 + 8 + 4 + 4 + ivBytes;
/** The part that is bound into the ciphertext: all but the nonce. */
export const boundHeadBytes = payloadHeadBytes - ivBytes;

export type FrameHead = {
  readonly id: string;
  readonly tenantId: string;
  readonly seq: number;
  readonly createdAtMs: number;
  readonly keyVersion: number;
  readonly number: number;
};

/** What is the same in every frame of an exchange. */
export type FrameOrigin = Omit<FrameHead, "keyVersion" | "number">;

/** Takes its parts one by one: to put them into one object costs more than to write them. */
export function writeFrameHead(out: Buffer, at: number, head: FrameOrigin, keyVersion: number, number: number): void {
  writeUuid(out, at, head.id);
  writeUuid(out, at + 16, head.tenantId);
  out.writeUInt32LE(head.seq >>> 0, at + 32);
  out.writeUInt32LE(Math.floor(head.seq / 0x1_0000_0000), at + 36);
  out.writeDoubleLE(head.createdAtMs, at + 40);
  out.writeUInt32LE(keyVersion, at + 48);
  out.writeUInt32LE(number, at + 52);
}

/** Null when the payload is too short to be one. */
export function readFrameHead(payload: Buffer): FrameHead | null {
  if (payload.length < payloadHeadBytes) return null;
  return {
    id: readUuid(payload, 0),
    tenantId: readUuid(payload, 16),
    seq: payload.readUInt32LE(32) + payload.readUInt32LE(36) * 0x1_0000_0000,
    createdAtMs: payload.readDoubleLE(40),
    keyVersion: payload.readUInt32LE(48),
    number: payload.readUInt32LE(52),
  };
}
