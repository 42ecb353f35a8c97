// Ed25519 signatures of the ledger (RFC 8032). A message begins with what it is, so that no signature of one kind
// passes for another.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { sha256 } from "./merkle.js";

export type MessageKind = "window" | "checkpoint" | "audit seal";

export type Signer = {
  readonly keyId: string;
  /** 32 bytes. */
  readonly publicKey: Buffer;
  sign(kind: MessageKind, message: Uint8Array): Buffer;
};

/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410). */
const publicHead = Buffer.from("302a300506032b6570032100", "hex");

function messageOf(kind: MessageKind, message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`loom ledger ${kind} 1\n`), message]);
}

/** The first 32 hexadecimal digits of SHA-256 over the 32 bytes of a public key. */
export function keyIdOf(publicKey: Uint8Array): string {
  return sha256(publicKey).toString("hex").slice(0, 32);
}

function rawPublicKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== "ed25519") throw new Error("the ledger key is not an Ed25519 key");
  return key.export({ format: "der", type: "spki" }).subarray(publicHead.length);
}

/** Throws an Error when `pem` is not the PKCS 8 form of an Ed25519 private key. */
export function openSigner(pem: string): Signer {
  const key = createPrivateKey(pem);
  const publicKey = rawPublicKey(createPublicKey(key));
  return {
    keyId: keyIdOf(publicKey),
    publicKey,
    sign: (kind, message) => sign(null, messageOf(kind, message), key),
  };
}

/** The 32 bytes of each public key in a file of PEM blocks. Throws an Error when one is not an Ed25519 key. */
export function readPublicKeys(pem: string): Buffer[] {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
  return blocks.map((block) => rawPublicKey(createPublicKey(block)));
}

/** A check of signatures over plain bytes by one key, given as its 32 bytes. Public vectors hold it. */
export function openPlainVerifier(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean {
  const key = createPublicKey({ key: Buffer.concat([publicHead, publicKey]), format: "der", type: "spki" });
  return (message, signature) => verify(null, message, key, signature);
}

export type Verifier = (kind: MessageKind, message: Uint8Array, signature: Uint8Array) => boolean;

/** Checks signatures of one key, given as its 32 bytes. */
export function openVerifier(publicKey: Uint8Array): Verifier {
  const isSigned = openPlainVerifier(publicKey);
  return (kind, message, signature) => isSigned(messageOf(kind, message), signature);
}
