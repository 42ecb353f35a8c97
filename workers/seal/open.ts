// Opens what seal.ts sealed, for a reader who may. Runs in a worker, so that keys stay off the main thread.
import { createDecipheriv } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { type Binding, BindingWriter, ivBytes, tagBytes } from "./binding.js";
import type { BodyKeyName, KeyRing } from "./key-ring.js";

/** A body as its row holds it, and what it must be bound to. */
export type SealedRow = Binding & BodyKeyName & { readonly iv: Uint8Array; readonly sealed: Uint8Array };

/**
 * The plaintext of one body.
 * Throws one plain Error, without a cause, whatever is wrong: a wrong tenant, row, column, codec or version,
 * a changed bit, a missing key, or more than `plainBytesMax` bytes after inflating.
 */
export function openBody(ring: KeyRing, row: SealedRow, plainBytesMax: number): Buffer {
  try {
    const { iv, sealed } = row;
    if (iv.length !== ivBytes || sealed.length < tagBytes) throw new Error("too short");
    const key = ring.bodyKey(row.keyVersion, row);
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
    decipher.setAAD(new BindingWriter().write(row));
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const packed = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
    // Nothing of `packed` may be looked at before this line has not thrown.
    decipher.final();
    if (row.codec === "deflate") return inflateRawSync(packed, { maxOutputLength: plainBytesMax });
    if (packed.length > plainBytesMax) throw new Error("too long");
    return packed;
  } catch {
    throw new Error("the body cannot be opened");
  }
}
