// Checks the chain of loom.audit_events: numbers without gaps, each hash over its event and the hash before, and the
// seals, each a signature over all events up to it.
import type { Checkpoint } from "./checkpoint.js";
import type { Findings } from "./findings.js";
import type { AuditEventRow, AuditSeal } from "./ledger-item.js";
import { sha256 } from "./merkle.js";
import type { Retained } from "./retained.js";
import type { Trust } from "./trust.js";
import { noHash } from "./window.js";

export const auditChain = "audit";
/** Where they stand among the fields of an event. */
const actionAt = 4;
const detailsAt = 7;

/** What a seal signs: i64 number | 32 bytes hash. */
export function sealMessage(number: number, hash: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigInt64BE(BigInt(number));
  return Buffer.concat([head, hash]);
}

/** SHA-256(previous hash | fields), a field as i32 length and UTF-8 bytes, length -1 for NULL; as the trigger has it. */
function hashAuditEvent(prevHash: Uint8Array, fields: readonly (string | null)[]): Buffer {
  const parts: Uint8Array[] = [prevHash];
  for (const field of fields) {
    const length = Buffer.alloc(4);
    const bytes = Buffer.from(field ?? "");
    length.writeInt32BE(field === null ? -1 : bytes.length);
    parts.push(length, bytes);
  }
  return sha256(Buffer.concat(parts));
}

export class AuditCheck {
  readonly sums = { events: 0, seals: 0, unsealed: 0 };
  readonly #trust: Trust;
  readonly #findings: Findings;
  readonly #retained: Retained;
  readonly #checkpoints: Map<number, Checkpoint>;
  #hash: Buffer = Buffer.from(noHash);
  #lastSealed = 0;
  #highestSeal = 0;

  constructor(
    { trust, findings, retained }: { trust: Trust; findings: Findings; retained: Retained },
    checkpoints: readonly Checkpoint[],
  ) {
    this.#trust = trust;
    this.#findings = findings;
    this.#retained = retained;
    this.#checkpoints = new Map(checkpoints.map((checkpoint) => [checkpoint.number, checkpoint]));
  }

  /** The next events in their order, and the seals over them. */
  take(events: readonly AuditEventRow[], seals: readonly AuditSeal[]): void {
    const sealsOf = groupSeals(seals);
    for (const seal of seals) this.#highestSeal = Math.max(this.#highestSeal, seal.number);
    for (const event of events) this.#takeEvent(event, sealsOf.get(event.number) ?? []);
  }

  end(): void {
    this.sums.unsealed = this.sums.events - this.#lastSealed;
    if (this.#highestSeal > this.sums.events) {
      const missing = `The audit events after ${this.sums.events} are missing; a seal covers those up to ${this.#highestSeal}.`;
      this.#say("audit_event_missing", this.sums.events + 1, missing);
    }
    const beyond = [...this.#checkpoints.keys()];
    if (beyond.length === 0) return;
    const last = Math.max(...beyond);
    const message = `The audit events end at ${this.sums.events}, and a checkpoint knows event ${last}.`;
    this.#findings.add("rolled_back", message, { chain: auditChain, number: last });
  }

  #takeEvent(event: AuditEventRow, seals: readonly AuditSeal[]): void {
    const { number, fields, prevHash, hash } = event;
    const expected = this.sums.events + 1;
    if (number !== expected) {
      this.#say("audit_event_missing", expected, `The audit event ${expected} is missing.`);
      // One finding for the place; what follows is checked against what is there.
      this.#hash = prevHash;
    }
    this.sums.events = number;
    if (!prevHash.equals(this.#hash) || !hashAuditEvent(prevHash, fields).equals(hash)) {
      this.#say("audit_event_altered", number, `The audit event ${number} is not what was written.`);
    }
    this.#hash = hash;
    this.#retained.note(fields[actionAt] ?? null, fields[detailsAt] ?? null);
    for (const seal of seals) this.#checkSeal(event, seal);
    const checkpoint = this.#checkpoints.get(number);
    this.#checkpoints.delete(number);
    if (checkpoint !== undefined && checkpoint.hash !== hash.toString("hex")) {
      this.#say("rolled_back", number, `The audit event ${number} is not the one that a checkpoint was made of.`);
    }
  }

  #checkSeal({ number, hash }: AuditEventRow, seal: AuditSeal): void {
    this.sums.seals += 1;
    this.#lastSealed = number;
    const verdict = this.#trust.check("audit seal", sealMessage(number, seal.hash), seal);
    if (verdict === "wrong" || !seal.hash.equals(hash)) {
      this.#say("signature_wrong", number, `The seal over the audit events up to ${number} is not theirs.`);
    } else if (verdict === "untrusted") {
      const message = `The audit events up to ${number} are signed by the key ${seal.keyId}, which is not a trusted one.`;
      this.#say("key_untrusted", number, message);
    }
  }

  #say(kind: Parameters<Findings["add"]>[0], number: number, message: string): void {
    this.#findings.add(kind, message, { chain: auditChain, number });
  }
}

function groupSeals(seals: readonly AuditSeal[]): Map<number, AuditSeal[]> {
  const groups = new Map<number, AuditSeal[]>();
  for (const seal of seals) groups.set(seal.number, [...(groups.get(seal.number) ?? []), seal]);
  return groups;
}
