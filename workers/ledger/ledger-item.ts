// The ledger as it is read from start to end, from a database or from a bundle: what a verification is fed with.
// Chains come one after the other; before each window come all rows up to its largest number.
import type { ChainName, LedgerWindow } from "./window.js";

/** A row of loom.traces, loom.dead_traces or loom.ledger_gaps. */
export type LedgerRow = {
  readonly seq: number;
  /** The bytes that the leaf is the hash of. */
  readonly covered: Buffer;
  /** What loom.traces holds as the leaf; null elsewhere. */
  readonly stored: Buffer | null;
};

export type StoredWindow = LedgerWindow & {
  /** 32 bytes for each number. */
  readonly leaves: Buffer;
  readonly hash: Buffer;
  readonly signature: Buffer;
};

/** An event as text, which is what its hash covers. */
export type AuditEventRow = {
  readonly number: number;
  /** number, id, µs, actor, action, tenant, subject, details, origin. */
  readonly fields: readonly (string | null)[];
  readonly prevHash: Buffer;
  readonly hash: Buffer;
};

export type AuditSeal = {
  readonly number: number;
  readonly hash: Buffer;
  readonly keyId: string;
  readonly signature: Buffer;
};

/** Where a chain is taken up: at its beginning, or after windows that are not looked at. */
export type ChainStart = {
  readonly name: ChainName;
  /** Of the window before the first one that comes; 0 and zero bytes at the beginning. */
  readonly number: number;
  readonly hash: Buffer;
  readonly lowWater: number;
  /** Numbers above the low water that those windows account for. */
  readonly accounted: readonly number[];
};

export type LedgerItem =
  | { readonly type: "key"; readonly keyId: string; readonly publicKey: Buffer; readonly nodeId: string }
  | { readonly type: "events"; readonly events: readonly AuditEventRow[]; readonly seals: readonly AuditSeal[] }
  | { readonly type: "chain"; readonly start: ChainStart }
  | { readonly type: "rows"; readonly rows: readonly LedgerRow[] }
  /** `found`: what there is in loom.dead_traces or loom.ledger_gaps of the numbers of such a window. */
  | { readonly type: "window"; readonly window: StoredWindow; readonly found: readonly LedgerRow[] }
  /** Everything has come. A bundle without it was cut. */
  | { readonly type: "end" };
