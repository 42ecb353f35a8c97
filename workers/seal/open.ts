// Opens what seal.ts sealed, for a reader who may. Runs in a worker, so that keys stay off the main thread.
import { inflateRawSync } from "node:zlib";
import { openGcm } from "./aes-gcm.js";
import { type Binding, BindingWriter } from "./binding.js";
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
    const key = ring.bodyKey(row.keyVersion, row);
    const packed = openGcm(key, row.iv, new BindingWriter().write(row), row.sealed);
    if (row.codec === "deflate") return inflateRawSync(packed, { maxOutputLength: plainBytesMax });
    if (packed.length > plainBytesMax) throw new Error("too long");
    return packed;
  } catch {
    throw new Error("the body cannot be opened");
  }
}
