// HKDF-SHA-256 (RFC 5869), the only way in which Loom makes a key of a key. Public vectors hold it.
import { hkdfSync } from "node:crypto";

/** Bytes of every key that Loom derives. */
export const keyBytes = 32;

/** A key of `bytes` bytes (at most 255 * 32). Throws a RangeError above. */
export function deriveKey(key: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number = keyBytes): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, info, bytes));
}
