// Whose signatures count. Keys that stand in the database only are used to check that a signature is one, but they
// prove nothing: whoever could rewrite the ledger could have added a key.
import { keyIdOf, type MessageKind, openVerifier, type Verifier } from "./sign.js";

export type SignatureVerdict = "good" | "wrong" | "untrusted" | "unknown";

export class Trust {
  readonly #trusted = new Map<string, Verifier>();
  readonly #known = new Map<string, Verifier>();
  /** Keys that have signed something. */
  readonly used = new Set<string>();

  /** `publicKeys`: 32 bytes each. None: nobody is trusted, and every key that is known is taken. */
  constructor(publicKeys: readonly Uint8Array[]) {
    for (const key of publicKeys) this.#trusted.set(keyIdOf(key), openVerifier(key));
  }

  get hasKeys(): boolean {
    return this.#trusted.size > 0;
  }

  /** Takes note of a key that the database names. False when its id is not its own. */
  note(keyId: string, publicKey: Uint8Array): boolean {
    if (keyIdOf(publicKey) !== keyId) return false;
    this.#known.set(keyId, openVerifier(publicKey));
    return true;
  }

  check(kind: MessageKind, message: Uint8Array, { keyId, signature }: { keyId: string; signature: Buffer }) {
    this.used.add(keyId);
    const trusted = this.#trusted.get(keyId);
    const verifier = trusted ?? this.#known.get(keyId);
    if (verifier === undefined) return this.hasKeys ? "untrusted" : ("unknown" satisfies SignatureVerdict);
    if (!verifier(kind, message, signature)) return "wrong" satisfies SignatureVerdict;
    return trusted !== undefined || !this.hasKeys ? "good" : ("untrusted" satisfies SignatureVerdict);
  }
}
