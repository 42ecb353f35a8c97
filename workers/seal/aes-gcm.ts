// AES-256-GCM as Loom uses it, in one place: 96-bit nonces, 128-bit tags behind the ciphertext, additional data always.
// Public vectors hold these functions.
import { type CipherGCM, createCipheriv, createDecipheriv } from "node:crypto";
import { ivBytes, tagBytes } from "./binding.js";

const algorithm = "aes-256-gcm";

/** A cipher for a plaintext that comes in pieces; `closeGcm` gives the tag. Throws for a key that is not 32 bytes. */
export function startGcm(key: Uint8Array, iv: Uint8Array, additional: Uint8Array): CipherGCM {
  checkIv(iv);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(additional);
  return cipher;
}

/** The ciphertext's pieces and the tag as one buffer. */
export function closeGcm(cipher: CipherGCM, pieces: readonly Uint8Array[]): Buffer {
  cipher.final();
  return Buffer.concat([...pieces, cipher.getAuthTag()]);
}

/** Ciphertext and tag. Throws for a key that is not 32 bytes, or a nonce that is not 12. */
export function sealGcm(key: Uint8Array, iv: Uint8Array, additional: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = startGcm(key, iv, additional);
  return closeGcm(cipher, [cipher.update(plain)]);
}

/** The plaintext. Throws when anything is not as it was sealed; then nothing of the plaintext has left this function. */
export function openGcm(key: Uint8Array, iv: Uint8Array, additional: Uint8Array, sealed: Uint8Array): Buffer {
  checkIv(iv);
  if (sealed.length < tagBytes) throw new Error("shorter than a tag");
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
  // Nothing of `plain` may be looked at before this line has not thrown.
  decipher.final();
  return plain;
}

// OpenSSL takes other lengths, and hashes them into 128 bits: then random nonces would collide sooner.
function checkIv(iv: Uint8Array): void {
  if (iv.length !== ivBytes) throw new Error(`a nonce has ${ivBytes} bytes, not ${iv.length}`);
}
