// Seals frames before they touch the disk, and opens them again for a replay. AES-256-GCM under the tenant's key of
// the day, in a domain of its own: a spool key never seals a row. The tenant's salt is never written.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Frame, frameKinds } from "../../src/trace/frames.js";
import { ivBytes, tagBytes } from "../seal/binding.js";
import type { KeyRing } from "../seal/key-ring.js";
import { boundHeadBytes, type FrameHead, payloadHeadBytes, readFrameHead, writeFrameHead } from "./frame-head.js";
import { finishFrame, frameHeadBytes } from "./segment-format.js";

/** Bytes that sealing adds to a frame's record and body. */
export const sealedOverheadBytes = frameHeadBytes + 1 + payloadHeadBytes + 4 + tagBytes;

const noncesPerPool = 512;
/** Ciphertext of a large frame comes in pieces that the allocator has at hand: fresh memory costs more than the cipher. */
const sliceBytes = 64 * 1024;
const saltField = '"keySalt":"';

/** Whose frames: the exchange's head without what differs from frame to frame, and the salt of its tenant. */
export type FrameSubject = Omit<FrameHead, "keyVersion" | "number"> & { readonly keySalt: string };

/** What a sealed payload held. Both are views of one buffer. */
export type OpenedFrame = { readonly record: Buffer; readonly body: Buffer };

/** A node's name never holds a slash, so that this is no other node's. */
function spoolNode(nodeId: string): string {
  return `${nodeId}/spool`;
}

/** Where the salt stands in a `begin` record, with the comma behind it; JSON text cannot hold this in a value. */
function findSalt(record: Buffer): { from: number; to: number } {
  const from = record.indexOf(saltField);
  if (from === -1) return { from: 0, to: 0 };
  const end = record.indexOf('"', from + saltField.length) + 1;
  return { from, to: record[end] === 0x2c ? end + 1 : end };
}

export class FrameSealer {
  readonly #ring: KeyRing;
  readonly #node: string;
  #nonces = Buffer.alloc(0);
  #nonceAt = 0;

  constructor(ring: KeyRing, nodeId: string) {
    this.#ring = ring;
    this.#node = spoolNode(nodeId);
  }

  /**
   * Writes the whole sealed frame at `at` of `out`, which must have room for it. Returns where it ends.
   * Throws an Error when the tenant's key cannot be derived; `out` may hold a part of it then.
   */
  seal(out: Buffer, at: number, frame: Frame, subject: FrameSubject, number: number): number {
    const keyVersion = this.#ring.newest;
    const { keySalt, tenantId, createdAtMs } = subject;
    const key = this.#ring.bodyKey(keyVersion, { keySalt, tenantId, createdAtMs, nodeId: this.#node });
    const kindAt = at + frameHeadBytes;
    const headAt = kindAt + 1;
    const ivAt = headAt + boundHeadBytes;
    const textAt = ivAt + ivBytes;
    out[kindAt] = frame.kind;
    writeFrameHead(out, headAt, subject, keyVersion, number);
    out.set(this.#nextNonce(), ivAt);
    const textEnd = this.#writePlain(out, textAt, frame);
    const cipher = createCipheriv("aes-256-gcm", key, out.subarray(ivAt, textAt));
    cipher.setAAD(out.subarray(kindAt, ivAt));
    for (let from = textAt; from < textEnd; from += sliceBytes)
      out.set(cipher.update(out.subarray(from, Math.min(from + sliceBytes, textEnd))), from);
    cipher.final();
    out.set(cipher.getAuthTag(), textEnd);
    const end = textEnd + tagBytes;
    finishFrame(out, at, end);
    return end;
  }

  /** u32 length of the record | record, a `begin` without its salt | body. Returns where it ends. */
  #writePlain(out: Buffer, at: number, { kind, record, body }: Frame): number {
    const cut = kind === frameKinds.begin ? findSalt(record) : { from: 0, to: 0 };
    const recordBytes = record.length - (cut.to - cut.from);
    out.writeUInt32LE(recordBytes, at);
    record.copy(out, at + 4, 0, cut.from);
    record.copy(out, at + 4 + cut.from, cut.to);
    const bodyAt = at + 4 + recordBytes;
    body.copy(out, bodyAt);
    return bodyAt + body.length;
  }

  #nextNonce(): Buffer {
    if (this.#nonceAt === this.#nonces.length) {
      this.#nonces = randomBytes(noncesPerPool * ivBytes);
      this.#nonceAt = 0;
    }
    this.#nonceAt += ivBytes;
    return this.#nonces.subarray(this.#nonceAt - ivBytes, this.#nonceAt);
  }
}

/** Opens a payload. Throws one plain Error, whatever is wrong: a changed bit, another place, a missing key. */
export function openFrame(ring: KeyRing, nodeId: string, kind: number, payload: Buffer, keySalt: string): OpenedFrame {
  try {
    const head = readFrameHead(payload);
    if (head === null || payload.length < payloadHeadBytes + 4 + tagBytes) throw new Error("too short");
    const { tenantId, createdAtMs, keyVersion } = head;
    const key = ring.bodyKey(keyVersion, { keySalt, tenantId, createdAtMs, nodeId: spoolNode(nodeId) });
    const decipher = createDecipheriv("aes-256-gcm", key, payload.subarray(boundHeadBytes, payloadHeadBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.concat([Buffer.from([kind]), payload.subarray(0, boundHeadBytes)]));
    decipher.setAuthTag(payload.subarray(payload.length - tagBytes));
    const plain = decipher.update(payload.subarray(payloadHeadBytes, payload.length - tagBytes));
    // Nothing of `plain` may be looked at before this line has not thrown.
    decipher.final();
    const bodyAt = 4 + plain.readUInt32LE(0);
    if (bodyAt > plain.length) throw new Error("too short");
    return { record: plain.subarray(4, bodyAt), body: plain.subarray(bodyAt) };
  } catch {
    throw new Error("the frame cannot be opened");
  }
}
