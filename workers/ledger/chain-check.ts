// Checks one chain of the ledger as it comes by: its windows against one another, against their signatures and the
// checkpoints kept outside, and the rows against the windows. Holds only what no window has claimed yet.

import { ChainFindings } from "./chain-findings.js";
import type { Checkpoint } from "./checkpoint.js";
import type { Findings } from "./findings.js";
import { type Leaf, leafOf } from "./leaf.js";
import type { ChainStart, LedgerRow, StoredWindow } from "./ledger-item.js";
import { hashBytes, merkleRoot } from "./merkle.js";
import type { Retained } from "./retained.js";
import { tenantOf } from "./row-fields.js";
import { SeqRanges } from "./seq-ranges.js";
import type { Trust } from "./trust.js";
import { chainKey, hashWindow } from "./window.js";

export type ChainCheckOptions = {
  readonly trust: Trust;
  readonly findings: Findings;
  readonly retained: Retained;
  /** Of this chain, in the order in which they were kept. */
  readonly checkpoints: readonly Checkpoint[];
  /** 16 bytes each: where a moved row may have come from. */
  readonly tenants: readonly Buffer[];
  /** Of other tenants only what loom.traces says is compared, not the rows; null looks at all. */
  readonly tenantId: string | null;
  /** True when the chain may go on after what comes. */
  readonly isCut: boolean;
};

/** `leaf` null: the row holds none, and is another tenant's that is not looked at. */
type Seen = { readonly leaf: Leaf | null; row: LedgerRow; isOwn: boolean };

export class ChainCheck {
  /** `rows` are those that a window has claimed; `gone` those that the retention took. */
  readonly sums = { windows: 0, rows: 0, dead: 0, gaps: 0, gone: 0, checkpoints: 0, open: 0 };
  readonly #options: ChainCheckOptions;
  readonly #chain: string;
  readonly #say: ChainFindings;
  readonly #accounted: SeqRanges;
  readonly #earlier: SeqRanges;
  readonly #checkpoints: Map<number, Checkpoint>;
  /** Numbers of dead rows and gaps: a row may still come for them. */
  readonly #withoutRow = new Set<number>();
  /** Rows that no window has claimed yet, by number. */
  readonly #seen = new Map<number, Seen>();
  /** Of those, what came since the last window. */
  #fresh: Seen[] = [];
  #lastSeq = 0;
  #number: number;
  #hash: Buffer;
  #admitted = 0;

  constructor(start: ChainStart, options: ChainCheckOptions) {
    this.#options = options;
    this.#chain = chainKey(start.name);
    this.#say = new ChainFindings(this.#chain, options.findings, options.tenants);
    this.#accounted = SeqRanges.below(start.lowWater);
    for (const seq of start.accounted) this.#accounted.add(seq);
    this.#earlier = this.#accounted.copy();
    this.#number = start.number;
    this.#hash = start.hash;
    this.#checkpoints = this.#readCheckpoints(start.number);
  }

  takeRows(rows: readonly LedgerRow[]): void {
    for (const row of rows) {
      if (row.seq === this.#lastSeq) {
        this.#say.row("row_doubled", row, `The row ${row.seq} is there more than once.`);
        continue;
      }
      this.#lastSeq = row.seq;
      if (this.#earlier.has(row.seq)) continue;
      const { tenantId } = this.#options;
      const isLookedAt = tenantId === null || tenantOf(row.covered) === tenantId;
      const seen = { leaf: isLookedAt ? leafOf(row.covered) : textOf(row.stored), row, isOwn: false };
      this.#seen.set(row.seq, seen);
      this.#fresh.push(seen);
    }
  }

  takeWindow(window: StoredWindow, found: readonly LedgerRow[]): void {
    this.sums.windows += 1;
    this.#checkPlace(window);
    this.#checkContent(window);
    this.#checkSignature(window);
    const checkpoint = this.#checkpoints.get(window.number);
    if (checkpoint !== undefined) {
      this.#checkpoints.delete(window.number);
      this.sums.checkpoints += 1;
      if (checkpoint.hash !== window.hash.toString("hex")) {
        this.#say.window("rolled_back", window.number, "is not the one that a checkpoint was made of.");
      }
    }
    this.#number = window.number;
    this.#hash = window.hash;
    this.#admitted = Math.max(this.#admitted, window.admitted);
    this.#account(window);
    if (window.kind === "rows") this.#claimRows(window);
    else this.#claimFound(window, found);
    this.#settle(window);
  }

  /** The chain has no more. */
  end(): void {
    this.sums.open = this.#accounted.missingUpTo(this.#admitted, 0).count;
    if (this.#options.isCut) return;
    for (const { row } of this.#seen.values()) this.#say.inserted(row);
    const [cut] = this.#checkpoints.values();
    if (cut !== undefined) {
      const last = Math.max(...this.#checkpoints.keys());
      const message = `The chain ${this.#chain} ends at window ${this.#number}, and a checkpoint knows window ${last}.`;
      this.#options.findings.add("rolled_back", message, { chain: this.#chain, number: last });
    }
  }

  #readCheckpoints(from: number): Map<number, Checkpoint> {
    const checkpoints = new Map<number, Checkpoint>();
    let highest = 0;
    for (const checkpoint of this.#options.checkpoints) {
      const before = checkpoints.get(checkpoint.number);
      if (checkpoint.number < highest || (before !== undefined && before.hash !== checkpoint.hash)) {
        this.#say.window("rolled_back", checkpoint.number, `has a checkpoint made after one of window ${highest}.`);
      }
      highest = Math.max(highest, checkpoint.number);
      if (checkpoint.number > from) checkpoints.set(checkpoint.number, checkpoint);
    }
    return checkpoints;
  }

  #checkPlace(window: StoredWindow): void {
    const expected = this.#number + 1;
    if (window.number !== expected) {
      const gone = window.number - 1 === expected ? `${expected} is` : `${expected} to ${window.number - 1} are`;
      const message = `Of the chain ${this.#chain}, window ${gone} missing.`;
      this.#options.findings.add("window_missing", message, { chain: this.#chain, number: expected });
    } else if (!this.#hash.equals(window.prevHash)) {
      this.#say.window("chain_broken", window.number, "does not follow from the window before it.");
    }
  }

  #checkContent(window: StoredWindow): void {
    const { leaves, seqs, number } = window;
    if (leaves.length !== seqs.length * hashBytes || !merkleRoot(leaves).equals(window.merkleRoot)) {
      this.#say.window("window_altered", number, "has other leaves than its root says.");
    }
    if (!hashWindow(window).equals(window.hash))
      this.#say.window("window_altered", number, "does not have its own hash.");
  }

  #checkSignature(window: StoredWindow): void {
    const verdict = this.#options.trust.check("window", window.hash, window);
    if (verdict === "wrong") this.#say.window("signature_wrong", window.number, "has a signature that is not its own.");
    if (verdict === "untrusted") {
      this.#say.window(
        "key_untrusted",
        window.number,
        `is signed by the key ${window.keyId}, which is not a trusted one.`,
      );
    }
  }

  #account({ kind, seqs, number, lowWater }: StoredWindow): void {
    for (const seq of seqs) {
      const isNew = this.#accounted.add(seq);
      if (!isNew && !(kind === "rows" && this.#withoutRow.has(seq))) {
        this.#say.window("row_doubled", number, `accounts for ${seq}, as another window does.`);
      }
      if (kind !== "rows") this.#withoutRow.add(seq);
    }
    if (this.#accounted.lowWater !== lowWater) {
      this.#say.window("window_altered", number, `says that all below ${lowWater} is accounted for, and it is not so.`);
    }
  }

  #claimRows({ seqs, leaves, firstAtMs, lastAtMs, number }: StoredWindow): void {
    seqs.forEach((seq, index) => {
      const seen = this.#seen.get(seq);
      if (seen === undefined) {
        if (this.#options.retained.allows(firstAtMs, lastAtMs)) this.sums.gone += 1;
        else this.#say.missing(seq, number, "row");
        return;
      }
      this.#seen.delete(seq);
      this.#withoutRow.delete(seq);
      this.sums.rows += 1;
      const leaf = leafAt(leaves, index);
      if (seen.leaf !== leaf) this.#say.changed(seen.row, leaf, { seqs, leaves });
    });
  }

  #claimFound({ kind, seqs, leaves, number, firstAtMs }: StoredWindow, found: readonly LedgerRow[]): void {
    const bySeq = new Map(found.map((row) => [row.seq, row]));
    seqs.forEach((seq, index) => {
      this.sums[kind === "dead" ? "dead" : "gaps"] += 1;
      const row = bySeq.get(seq);
      if (row === undefined) {
        // One that was brought in after all has a row now.
        if (kind === "dead" && (this.#seen.has(seq) || this.#options.retained.allowsDead(firstAtMs))) return;
        this.#say.missing(seq, number, kind === "dead" ? "row set aside" : "gap");
      } else if (leafOf(row.covered) !== leafAt(leaves, index)) {
        const message = `The ${kind === "dead" ? "row set aside" : "gap"} ${seq} is not what it was.`;
        this.#options.findings.add("row_altered", message, { chain: this.#chain, number, seq });
      }
    });
  }

  /** What stays unclaimed: below the low water nothing will claim it, and the rest must not hold the buffers it came in. */
  #settle({ lowWater }: StoredWindow): void {
    for (const seen of this.#fresh) {
      if (seen.isOwn || this.#seen.get(seen.row.seq) !== seen) continue;
      seen.row = { ...seen.row, covered: Buffer.from(seen.row.covered) };
      seen.isOwn = true;
    }
    this.#fresh = [];
    for (const [seq, { row }] of this.#seen) {
      if (seq >= lowWater || this.#withoutRow.has(seq)) continue;
      this.#seen.delete(seq);
      this.#say.inserted(row);
    }
  }
}

function leafAt(leaves: Buffer, index: number): Leaf {
  return leaves.toString("latin1", index * hashBytes, (index + 1) * hashBytes);
}

function textOf(stored: Buffer | null): Leaf | null {
  return stored === null ? null : stored.toString("latin1");
}
