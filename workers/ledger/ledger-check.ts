// The whole of a verification: feeds what comes to the checks of its chains, and says in the end whether the ledger is
// whole, broken, or not to be told.
import { AuditCheck, auditChain } from "./audit-check.js";
import { ChainCheck } from "./chain-check.js";
import { type Checkpoint, isSignedCheckpoint, readCheckpoint } from "./checkpoint.js";
import { type Finding, Findings } from "./findings.js";
import type { LedgerItem } from "./ledger-item.js";
import { Retained } from "./retained.js";
import { keyIdOf, openVerifier } from "./sign.js";
import { Trust } from "./trust.js";
import { chainKey } from "./window.js";

export type VerificationState = "whole" | "broken" | "unclear";

export type Verification = {
  readonly state: VerificationState;
  /** Why it cannot be told, where it cannot. */
  readonly reasons: readonly string[];
  readonly findings: readonly Finding[];
  /** All of them, also those that are not listed. */
  readonly findingsCount: number;
  readonly chains: number;
  readonly windows: number;
  readonly rows: number;
  readonly dead: number;
  readonly gaps: number;
  /** Rows that retention runs took. */
  readonly gone: number;
  /** Numbers that were given and that no window accounts for yet: exchanges that are open, or wait in a spool. */
  readonly open: number;
  readonly auditEvents: number;
  /** The last of them, which no seal covers yet. */
  readonly unsealedEvents: number;
  readonly checkpoints: number;
  readonly keyIds: readonly string[];
};

export type LedgerCheckOptions = {
  /** 32 bytes each. */
  readonly publicKeys: readonly Uint8Array[];
  /** Lines of checkpoints.jsonl or of a log. */
  readonly checkpoints: readonly string[];
  readonly tenants: readonly Buffer[];
  readonly tenantId: string | null;
  /** False when only a part is looked at: a checkpoint of a chain that does not come says nothing then. */
  readonly isWhole: boolean;
  /** True when chains may go on after what comes: what no window has claimed by then says nothing either. */
  readonly isCut: boolean;
};

export class LedgerCheck {
  readonly #options: LedgerCheckOptions;
  readonly #findings = new Findings();
  readonly #retained = new Retained();
  readonly #trust: Trust;
  readonly #checkpoints: Map<string, Checkpoint[]>;
  readonly #audit: AuditCheck;
  readonly #sums = { chains: 0, windows: 0, rows: 0, dead: 0, gaps: 0, gone: 0, checkpoints: 0, open: 0 };
  #chain: ChainCheck | null = null;
  #state: "reading" | "ended" = "reading";

  constructor(options: LedgerCheckOptions) {
    this.#options = options;
    this.#trust = new Trust(options.publicKeys);
    this.#checkpoints = this.#readCheckpoints(options.checkpoints);
    const shared = { trust: this.#trust, findings: this.#findings, retained: this.#retained };
    this.#audit = new AuditCheck(shared, this.#takeCheckpoints(auditChain));
  }

  /** Rows that were compared so far. */
  get rows(): number {
    return this.#sums.rows + (this.#chain?.sums.rows ?? 0);
  }

  /** Throws what is thrown for bytes that are not what they should be. */
  take(item: LedgerItem): void {
    if (item.type === "rows") this.#chain?.takeRows(item.rows);
    else if (item.type === "window") this.#chain?.takeWindow(item.window, item.found);
    else if (item.type === "events") this.#audit.take(item.events, item.seals);
    else if (item.type === "end") this.#state = "ended";
    else if (item.type === "key") {
      if (!this.#trust.note(item.keyId, item.publicKey)) {
        this.#findings.add("signature_wrong", `The ledger key ${item.keyId} does not have its own name.`);
      }
    } else {
      this.#endChain();
      this.#sums.chains += 1;
      const checkpoints = this.#takeCheckpoints(chainKey(item.start.name));
      const { tenants, tenantId, isCut } = this.#options;
      const shared = { trust: this.#trust, findings: this.#findings, retained: this.#retained };
      this.#chain = new ChainCheck(item.start, { ...shared, checkpoints, tenants, tenantId, isCut });
    }
  }

  /** `failure`: why the reading ended early, or null. */
  finish(failure: string | null): Verification {
    if (failure === null) {
      this.#endChain();
      this.#audit.end();
      if (this.#options.isWhole) this.#nameLostChains();
    }
    const reasons: string[] = [];
    if (failure !== null) reasons.push(failure);
    else if (this.#state === "reading") reasons.push("The ledger ends before its end; it was cut.");
    if (!this.#trust.hasKeys && this.#trust.used.size > 0) {
      reasons.push("No trusted public key was given, so nobody vouches for the signatures; give one with --key.");
    }
    const { events, unsealed } = this.#audit.sums;
    const unclear = reasons.length > 0 ? "unclear" : "whole";
    return {
      state: this.#findings.count > 0 ? "broken" : unclear,
      reasons,
      findings: this.#findings.kept,
      findingsCount: this.#findings.count,
      ...this.#sums,
      auditEvents: events,
      unsealedEvents: unsealed,
      keyIds: [...this.#trust.used],
    };
  }

  #endChain(): void {
    const chain = this.#chain;
    if (chain === null) return;
    chain.end();
    const { sums } = chain;
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) this.#sums[name] += sums[name];
    this.#chain = null;
  }

  #readCheckpoints(lines: readonly string[]): Map<string, Checkpoint[]> {
    const verifiers = new Map(this.#options.publicKeys.map((key) => [keyIdOf(key), openVerifier(key)]));
    const chains = new Map<string, Checkpoint[]>();
    lines.forEach((line, index) => {
      const checkpoint = line.trim() === "" ? null : readCheckpoint(line);
      // A log has other lines too.
      if (checkpoint === null) return;
      const verifier = verifiers.get(checkpoint.keyId);
      if (verifiers.size > 0 && (verifier === undefined || !isSignedCheckpoint(checkpoint, verifier))) {
        const { chain, number } = checkpoint;
        const message = `The checkpoint in line ${index + 1}, of window ${number} of the chain ${chain}, is not signed by a trusted key.`;
        this.#findings.add("checkpoint_invalid", message, { chain, number });
        return;
      }
      const known = chains.get(checkpoint.chain);
      if (known === undefined) chains.set(checkpoint.chain, [checkpoint]);
      else known.push(checkpoint);
    });
    return chains;
  }

  #takeCheckpoints(chain: string): readonly Checkpoint[] {
    const checkpoints = this.#checkpoints.get(chain) ?? [];
    this.#checkpoints.delete(chain);
    return checkpoints;
  }

  #nameLostChains(): void {
    for (const [chain, checkpoints] of this.#checkpoints) {
      const number = Math.max(...checkpoints.map((checkpoint) => checkpoint.number));
      const message = `The chain ${chain} is gone, and a checkpoint knows window ${number} of it.`;
      this.#findings.add("rolled_back", message, { chain, number });
    }
  }
}
