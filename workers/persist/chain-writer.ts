// The windows of a lane's ledger, written in the transaction of the rows that they cover. What a chain has come to is
// kept in memory from one commit to the next; after any doubt it is read again, in the transaction that needs it.
import type { Client } from "pg";
import { type Checkpoint, signCheckpoint } from "../ledger/checkpoint.js";
import type { Leaf } from "../ledger/leaf.js";
import { hashBytes, merkleRoot } from "../ledger/merkle.js";
import { SeqRanges } from "../ledger/seq-ranges.js";
import type { Signer } from "../ledger/sign.js";
import { type ChainName, chainKey, hashWindow, type LedgerWindow, noHash, type WindowKind } from "../ledger/window.js";

/** What a window covers: one number of a chain, and the hash of what stands for it. */
export type LedgerEntry = ChainName & {
  readonly seq: number;
  readonly leaf: Leaf;
  /** Unix ms, of exchanges with a row. */
  readonly createdAtMs?: number;
};

type Chain = {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly accounted: SeqRanges;
  readonly admitted: number;
};

/** The chain of the lane itself, and the last number that it has given as of now. */
export type OwnChain = { readonly name: ChainName; readonly admitted: () => number };

type Content = { readonly kind: WindowKind; readonly leaves: readonly LedgerEntry[]; readonly admitted: number };

const lastWindowText =
  "SELECT number::float8 AS number, hash, low_water::float8 AS low_water, admitted::float8 AS admitted " +
  "FROM loom.ledger_windows WHERE boot_id = $1 AND lane = $2 ORDER BY number DESC LIMIT 1";
const accountedText =
  "SELECT seq::float8 AS seq FROM loom.ledger_windows, unnest(seqs) AS seq " +
  "WHERE boot_id = $1 AND lane = $2 AND seq >= $3";
const insertKeyText =
  "INSERT INTO loom.ledger_keys (key_id, public_key, node_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const insertWindowText =
  "INSERT INTO loom.ledger_windows (node_id, boot_id, lane, number, kind, seqs, leaves, low_water, admitted, " +
  "first_at, last_at, merkle_root, prev_hash, hash, key_id, signature, created_at) " +
  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

export class ChainWriter {
  readonly #signer: Signer;
  readonly #own: OwnChain | null;
  /** As of the last commit. */
  readonly #chains = new Map<string, Chain>();
  /** As of the transaction under way. */
  readonly #next = new Map<string, Chain>();
  /** Chains with windows since their last checkpoint. */
  readonly #moved = new Set<string>();
  #key: "unknown" | "written" | "known" = "unknown";

  constructor(signer: Signer, own: OwnChain | null = null) {
    this.#signer = signer;
    this.#own = own;
  }

  /**
   * Adds one window for each chain that `leaves` belong to, within the caller's transaction; call `commit` or
   * `forget` once its fate is known. The leaves of a chain keep their order.
   */
  async add(client: Client, kind: WindowKind, leaves: readonly LedgerEntry[]): Promise<void> {
    for (const ofChain of groupByChain(leaves)) {
      const [first] = ofChain;
      if (first !== undefined) await this.#addWindow(client, first, { kind, leaves: ofChain, admitted: 0 });
    }
  }

  /** Leaves out what the chains account for already. Within the caller's transaction, as `add`. */
  async leaveOutAccounted<Entry extends ChainName & { readonly seq: number }>(
    client: Client,
    entries: readonly Entry[],
  ): Promise<Entry[]> {
    const open: Entry[] = [];
    for (const entry of entries) {
      const { accounted } = await this.#chainOf(client, entry);
      if (!accounted.has(entry.seq)) open.push(entry);
    }
    return open;
  }

  /** Numbers up to `admitted` that nothing stands for, at most `max`. Within the caller's transaction, as `add`. */
  async missing(
    client: Client,
    name: ChainName,
    { admitted, max }: { readonly admitted: number; readonly max: number },
  ): Promise<number[]> {
    const chain = await this.#chainOf(client, name);
    const { ranges } = chain.accounted.missingUpTo(Math.max(chain.admitted, admitted), max);
    const missing: number[] = [];
    for (const { from, to } of ranges) {
      for (let seq = from; seq <= to && missing.length < max; seq += 1) missing.push(seq);
    }
    return missing;
  }

  /** The last window of a drained lane: says what was admitted and that all of it is accounted for, or what is not. */
  async close(client: Client, name: ChainName, admitted: number): Promise<void> {
    const before = await this.#chainOf(client, name);
    if (before.number > 0 || admitted > 0) await this.#addWindow(client, name, { kind: "close", leaves: [], admitted });
  }

  /** The transaction is committed. */
  commit(): void {
    for (const [key, chain] of this.#next) {
      this.#chains.set(key, chain);
      this.#moved.add(key);
    }
    this.#next.clear();
    if (this.#key === "written") this.#key = "known";
  }

  /** The transaction failed, or nobody knows: the database may hold windows that are not known here. */
  forget(): void {
    this.#chains.clear();
    this.#next.clear();
    this.#key = "unknown";
  }

  /** How far each chain has come that has moved since the last call. */
  takeCheckpoints(): Checkpoint[] {
    const atMs = Date.now();
    const checkpoints: Checkpoint[] = [];
    for (const key of this.#moved) {
      const chain = this.#chains.get(key);
      // One that has to be read again has its checkpoint after its next window.
      if (chain === undefined) continue;
      this.#moved.delete(key);
      // A chain that was only asked for has no window that somebody could take away.
      if (chain.number === 0) continue;
      checkpoints.push(signCheckpoint(this.#signer, { chain: key, number: chain.number, hash: chain.hash, atMs }));
    }
    return checkpoints;
  }

  async #addWindow(client: Client, name: ChainName, content: Content): Promise<void> {
    const { kind, leaves } = content;
    if (this.#key === "unknown") {
      await client.query(insertKeyText, [this.#signer.keyId, this.#signer.publicKey, name.nodeId]);
      this.#key = "written";
    }
    const before = await this.#chainOf(client, name);
    const accounted = before.accounted.copy();
    for (const { seq } of leaves) accounted.add(seq);
    const joined = Buffer.from(leaves.map(({ leaf }) => leaf).join(""), "latin1");
    const window = this.#makeWindow(name, content, { before, accounted, joined });
    const hash = hashWindow(window);
    const signature = this.#signer.sign("window", hash);
    await client.query(insertWindowText, [
      window.nodeId,
      window.bootId,
      window.lane,
      window.number,
      kind,
      // pg would quote each number on its own.
      `{${window.seqs.join(",")}}`,
      joined,
      window.lowWater,
      window.admitted,
      timeOf(window.firstAtMs),
      timeOf(window.lastAtMs),
      window.merkleRoot,
      window.prevHash,
      hash,
      window.keyId,
      signature,
      timeOf(window.createdAtMs),
    ]);
    this.#next.set(chainKey(name), { number: window.number, hash, accounted, admitted: window.admitted });
  }

  #makeWindow(
    { nodeId, bootId, lane }: ChainName,
    { kind, leaves, admitted }: Content,
    { before, accounted, joined }: { before: Chain; accounted: SeqRanges; joined: Buffer },
  ): LedgerWindow {
    const times = leaves.flatMap(({ createdAtMs }) => createdAtMs ?? []);
    const own = this.#own;
    // Each window says how far the lane had come: when the spool loses the rest, this much is known to be missing.
    const given = own !== null && own.name.bootId === bootId && own.name.lane === lane ? own.admitted() : 0;
    return {
      nodeId,
      bootId,
      lane,
      number: before.number + 1,
      kind,
      seqs: leaves.map(({ seq }) => seq),
      lowWater: accounted.lowWater,
      admitted: Math.max(before.admitted, accounted.last, admitted, given),
      firstAtMs: times.length === 0 ? null : Math.floor(Math.min(...times)),
      lastAtMs: times.length === 0 ? null : Math.ceil(Math.max(...times)),
      merkleRoot: merkleRoot(joined),
      prevHash: before.hash,
      keyId: this.#signer.keyId,
      createdAtMs: Date.now(),
    };
  }

  async #chainOf(client: Client, name: ChainName): Promise<Chain> {
    const key = chainKey(name);
    const known = this.#next.get(key) ?? this.#chains.get(key);
    if (known !== undefined) return known;
    const read = await readChain(client, name);
    this.#next.set(key, read);
    return read;
  }
}

async function readChain(client: Client, { bootId, lane }: ChainName): Promise<Chain> {
  const { rows } = await client.query<{ number: number; hash: Buffer; low_water: number; admitted: number }>(
    lastWindowText,
    [bootId, lane],
  );
  const last = rows[0];
  if (last === undefined) return { number: 0, hash: noHash, accounted: new SeqRanges(), admitted: 0 };
  if (last.hash.length !== hashBytes) throw new Error(`window ${last.number} of the ledger has no hash`);
  const accounted = SeqRanges.below(last.low_water);
  const above = await client.query<{ seq: number }>(accountedText, [bootId, lane, last.low_water]);
  for (const { seq } of above.rows) accounted.add(seq);
  return { number: last.number, hash: last.hash, accounted, admitted: last.admitted };
}

function groupByChain(leaves: readonly LedgerEntry[]): Iterable<readonly LedgerEntry[]> {
  const groups = new Map<string, LedgerEntry[]>();
  let last: { readonly name: ChainName; readonly group: LedgerEntry[] } | null = null;
  for (const leaf of leaves) {
    // Nearly always the chain of the one before, and a key for each costs more than its hash.
    if (last === null || last.name.lane !== leaf.lane || last.name.bootId !== leaf.bootId) {
      const key = chainKey(leaf);
      const group: LedgerEntry[] = groups.get(key) ?? [];
      groups.set(key, group);
      last = { name: leaf, group };
    }
    last.group.push(leaf);
  }
  return groups.values();
}

function timeOf(unixMs: number | null): string | null {
  return unixMs === null ? null : new Date(unixMs).toISOString();
}
