// A signed statement of how far a chain had come, for keeping outside the database: whoever rewrites the rows and
// the windows beside them cannot rewrite a log line that has left the machine.
import type { Signer, Verifier } from "./sign.js";

/** As it stands in the log and in checkpoints.jsonl. */
export type Checkpoint = {
  /** `node/boot/lane`, or `audit` for the chain of loom.audit_events. */
  readonly chain: string;
  readonly number: number;
  /** Hexadecimal. */
  readonly hash: string;
  /** ISO 8601. */
  readonly at: string;
  readonly keyId: string;
  /** Base64. */
  readonly signature: string;
};

function messageOf({ chain, number, hash, at, keyId }: Omit<Checkpoint, "signature">): Buffer {
  return Buffer.from(JSON.stringify([chain, number, hash, at, keyId]));
}

export function signCheckpoint(
  signer: Signer,
  { chain, number, hash, atMs }: { chain: string; number: number; hash: Uint8Array; atMs: number },
): Checkpoint {
  const said = {
    chain,
    number,
    hash: Buffer.from(hash).toString("hex"),
    at: new Date(atMs).toISOString(),
    keyId: signer.keyId,
  };
  return { ...said, signature: signer.sign("checkpoint", messageOf(said)).toString("base64") };
}

/** A checkpoint out of a line of JSON, a log line included; null when it is none. */
export function readCheckpoint(line: string): Checkpoint | null {
  let value: Partial<Checkpoint> | null;
  try {
    value = JSON.parse(line) as Partial<Checkpoint> | null;
  } catch {
    return null;
  }
  const { chain, number, hash, at, keyId, signature } = value ?? {};
  const texts = [chain, hash, at, keyId, signature];
  if (texts.some((text) => typeof text !== "string") || !Number.isSafeInteger(number)) return null;
  return { chain, number, hash, at, keyId, signature } as Checkpoint;
}

export function isSignedCheckpoint(checkpoint: Checkpoint, verify: Verifier): boolean {
  return verify("checkpoint", messageOf(checkpoint), Buffer.from(checkpoint.signature, "base64"));
}
