// Piscina entry: seals and opens the provider keys of tenants (`provider_configs.credentials`). Each is bound to
// the tenant, the provider's name and the exact base URL it was saved with: a changed URL never receives the key.
import { randomBytes } from "node:crypto";
import { openGcm, sealGcm } from "./seal/aes-gcm.js";
import { ivBytes, tagBytes } from "./seal/binding.js";
import { KeyRing } from "./seal/key-ring.js";
import { uuidBytes } from "./uuid-bytes.js";

export type CredentialSubject = {
  /** The form of LOOM_MASTER_KEYS. */
  readonly masterKeys: string;
  readonly tenantId: string;
  /** The tenant's salt, base64. */
  readonly keySalt: string;
  readonly provider: string;
  readonly baseUrl: string;
};

const formatVersion = 1;
const headBytes = 1 + 4;

/** u8 format | 16 bytes tenant id | u32be length, provider | u32be length, base URL | u32be key version. */
function bind(subject: CredentialSubject, keyVersion: number): Buffer {
  const length = (bytes: number): Buffer => {
    const field = Buffer.alloc(4);
    field.writeUInt32BE(bytes);
    return field;
  };
  const provider = Buffer.from(subject.provider);
  const baseUrl = Buffer.from(subject.baseUrl);
  return Buffer.concat([
    Buffer.of(formatVersion),
    uuidBytes(subject.tenantId),
    length(provider.length),
    provider,
    length(baseUrl.length),
    baseUrl,
    length(keyVersion),
  ]);
}

/**
 * u8 format 1 | u32be key version | 12 bytes nonce | ciphertext | 16 bytes tag, in a buffer of its own.
 * Throws an Error when the master keys or the tenant's id or salt are not well-formed.
 */
export function sealCredential(input: CredentialSubject & { readonly credential: string }): Uint8Array {
  const ring = new KeyRing(input.masterKeys);
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(formatVersion, 0);
  head.writeUInt32BE(ring.newest, 1);
  const iv = randomBytes(ivBytes);
  const key = ring.credentialKey(ring.newest, input);
  const sealed = sealGcm(key, iv, bind(input, ring.newest), Buffer.from(input.credential));
  // A copy without Node's pool behind it: what crosses to another thread is the whole ArrayBuffer of a view.
  return new Uint8Array(Buffer.concat([head, iv, sealed]));
}

/** The credential. Throws one plain Error, without a cause, whatever is wrong. */
export function openCredential(input: CredentialSubject & { readonly sealed: Uint8Array }): string {
  try {
    const blob = Buffer.from(input.sealed.buffer, input.sealed.byteOffset, input.sealed.byteLength);
    if (blob.length < headBytes + ivBytes + tagBytes || blob[0] !== formatVersion) throw new Error("not this format");
    const keyVersion = blob.readUInt32BE(1);
    const ring = new KeyRing(input.masterKeys);
    const iv = blob.subarray(headBytes, headBytes + ivBytes);
    const key = ring.credentialKey(keyVersion, input);
    return openGcm(key, iv, bind(input, keyVersion), blob.subarray(headBytes + ivBytes)).toString("utf8");
  } catch {
    throw new Error("the provider credential cannot be opened: wrong keys, tenant, provider or base URL");
  }
}

/**
 * The credential sealed again under the newest master key; null when it is under that already.
 * Throws as openCredential.
 */
export function resealCredential(input: CredentialSubject & { readonly sealed: Uint8Array }): Uint8Array | null {
  const { sealed, ...subject } = input;
  const head = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const isNewest = head.length >= headBytes && head.readUInt32BE(1) === new KeyRing(input.masterKeys).newest;
  const credential = openCredential(input);
  return isNewest ? null : sealCredential({ ...subject, credential });
}
