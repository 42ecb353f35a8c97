// Names what is wrong with a chain: which row or window, and what happened to it as far as the bytes tell.
import type { Finding, FindingKind, Findings } from "./findings.js";
import type { Leaf } from "./leaf.js";
import type { LedgerRow } from "./ledger-item.js";
import { hashBytes } from "./merkle.js";
import { findFormerTenant, idOf, tenantOf } from "./row-fields.js";

export class ChainFindings {
  readonly #chain: string;
  readonly #findings: Findings;
  readonly #tenants: readonly Buffer[];

  constructor(chain: string, findings: Findings, tenants: readonly Buffer[]) {
    this.#chain = chain;
    this.#findings = findings;
    this.#tenants = tenants;
  }

  /** Says what became of a row that is not what its window has. */
  changed(row: LedgerRow, leaf: Leaf, window: { seqs: readonly number[]; leaves: Buffer }): void {
    const { seq, stored, covered } = row;
    const former = findFormerTenant(covered, leaf, this.#tenants);
    if (former !== null) {
      return this.row("row_moved", row, `The row ${seq} was the tenant ${former}'s and is now ${tenantOf(covered)}'s.`);
    }
    const place = stored === null ? -1 : placeOf(stored, window.leaves);
    const other = window.seqs[place];
    if (other !== undefined && other !== seq) {
      return this.row("row_reordered", row, `The row ${seq} stood at ${other} when it was written.`);
    }
    this.row("row_altered", row, `The row ${seq} is not what was written.`);
  }

  inserted(row: LedgerRow): void {
    this.row("row_inserted", row, `The row ${row.seq} is in no window.`);
  }

  row(kind: FindingKind, { covered, seq }: LedgerRow, message: string): void {
    const place = { chain: this.#chain, seq, id: idOf(covered), tenantId: tenantOf(covered) };
    this.#findings.add(kind, `${message.slice(0, -1)} (trace ${place.id}, chain ${this.#chain}).`, place);
  }

  missing(seq: number, number: number, what: string): void {
    const message = `The ${what} ${seq} of the chain ${this.#chain} is missing; window ${number} has it.`;
    this.#findings.add("row_missing", message, { chain: this.#chain, number, seq });
  }

  window(kind: FindingKind, number: number, what: string): void {
    const place: Partial<Finding> = { chain: this.#chain, number };
    this.#findings.add(kind, `Window ${number} of the chain ${this.#chain} ${what}`, place);
  }
}

/** The place of a leaf among others, or -1. */
function placeOf(leaf: Buffer, leaves: Buffer): number {
  for (let at = leaves.indexOf(leaf); at !== -1; at = leaves.indexOf(leaf, at + 1)) {
    if (at % hashBytes === 0) return at / hashBytes;
  }
  return -1;
}
