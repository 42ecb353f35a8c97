// What a verification finds wrong, in words that name the place: the first of each kind of trouble is what an auditor
// has to look at, so only some are kept and the rest is counted.

export type FindingKind =
  | "row_missing"
  | "row_altered"
  | "row_doubled"
  | "row_moved"
  | "row_reordered"
  | "row_inserted"
  | "window_missing"
  | "window_altered"
  | "chain_broken"
  | "signature_wrong"
  | "key_untrusted"
  | "rolled_back"
  | "checkpoint_invalid"
  | "audit_event_altered"
  | "audit_event_missing"
  | "unreadable";

export type Finding = {
  readonly kind: FindingKind;
  /** `node/boot/lane`, or `audit`; null where no chain is at fault. */
  readonly chain: string | null;
  /** Of the window, the event or the checkpoint. */
  readonly number: number | null;
  readonly seq: number | null;
  /** Of the row. */
  readonly id: string | null;
  readonly tenantId: string | null;
  /** A whole sentence. */
  readonly message: string;
};

export class Findings {
  readonly kept: Finding[] = [];
  count = 0;
  readonly #max: number;

  constructor(max = 50) {
    this.#max = max;
  }

  add(
    kind: FindingKind,
    message: string,
    { chain = null, number = null, seq = null, id = null, tenantId = null }: Partial<Finding> = {},
  ): void {
    this.count += 1;
    if (this.kept.length < this.#max) this.kept.push({ kind, chain, number, seq, id, tenantId, message });
  }
}
