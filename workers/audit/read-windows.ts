// Chains and windows out of the database: which chains there are, where one is taken up, and its windows in order.
import type { ChainStart, StoredWindow } from "../ledger/ledger-item.js";
import { type ChainName, noHash } from "../ledger/window.js";
import type { LedgerSession } from "./ledger-session.js";

/** Windows of one read; with their leaves some MB at most. */
const windowsPerRead = 32;

type WindowRow = {
  node_id: string;
  number: number;
  kind: StoredWindow["kind"];
  seqs: string;
  leaves: Buffer;
  low_water: number;
  admitted: number;
  first_ms: number | null;
  last_ms: number | null;
  created_ms: number;
  merkle_root: Buffer;
  prev_hash: Buffer;
  hash: Buffer;
  key_id: string;
  signature: Buffer;
};

const windowColumns =
  "node_id, number::float8 AS number, kind, seqs::text AS seqs, leaves, low_water::float8 AS low_water, " +
  "admitted::float8 AS admitted, (extract(epoch FROM first_at) * 1000)::float8 AS first_ms, " +
  "(extract(epoch FROM last_at) * 1000)::float8 AS last_ms, " +
  "(extract(epoch FROM created_at) * 1000)::float8 AS created_ms, " +
  "merkle_root, prev_hash, hash, key_id, signature";

/** `admitted`: the last number given as far as its windows say, not checked yet; 0 where there is no window. */
export type ListedChain = { readonly name: ChainName; readonly admitted: number };

/** Chains with windows since `since` (of all times when null), oldest first; then those with rows and no window. */
export async function listChains(session: LedgerSession, since: Date | null): Promise<ListedChain[]> {
  const chains = await session.read<ChainName & { admitted: number }>(
    `SELECT node_id AS "nodeId", boot_id AS "bootId", lane, max(admitted)::float8 AS admitted FROM loom.ledger_windows
      WHERE created_at >= $1 GROUP BY 1, 2, 3 ORDER BY min(created_at), boot_id, lane`,
    [since ?? new Date(0)],
  );
  const known = new Set((await session.read<ChainName>(knownText)).map(placeOf));
  const others = (await listRowChains(session)).filter((name) => !known.has(placeOf(name)));
  return [
    ...chains.map(({ admitted, ...name }) => ({ name, admitted })),
    ...others.map((name) => ({ name, admitted: 0 })),
  ];
}

const knownText = `SELECT boot_id AS "bootId", lane FROM loom.ledger_windows WHERE number = 1`;

function placeOf({ bootId, lane }: Pick<ChainName, "bootId" | "lane">): string {
  return `${bootId}/${lane}`;
}

/** From one chain to the next by the index, so that a million rows of a chain cost one look. */
async function listRowChains(session: LedgerSession): Promise<ChainName[]> {
  const chains: ChainName[] = [];
  let last: Pick<ChainName, "bootId" | "lane"> = { bootId: "00000000-0000-0000-0000-000000000000", lane: -1 };
  for (;;) {
    const [next] = await session.read<ChainName>(
      `SELECT node_id AS "nodeId", boot_id AS "bootId", lane FROM loom.traces
        WHERE (boot_id, lane) > ($1, $2) ORDER BY boot_id, lane LIMIT 1`,
      [last.bootId, last.lane],
    );
    if (next === undefined) return chains;
    chains.push(next);
    last = next;
  }
}

/** The beginning of the chain, or where it was just before its first window since `since`. */
export async function readStart(session: LedgerSession, name: ChainName, since: Date | null): Promise<ChainStart> {
  const start: ChainStart = { name, number: 0, hash: Buffer.from(noHash), lowWater: 1, accounted: [] };
  if (since === null) return start;
  const [before] = await session.read<{ number: number; hash: Buffer; low_water: number }>(
    `SELECT number::float8 AS number, hash, low_water::float8 AS low_water FROM loom.ledger_windows
      WHERE boot_id = $1 AND lane = $2 AND number < (
        SELECT min(number) FROM loom.ledger_windows WHERE boot_id = $1 AND lane = $2 AND created_at >= $3)
      ORDER BY number DESC LIMIT 1`,
    [name.bootId, name.lane, since],
  );
  if (before === undefined) return start;
  const above = await session.read<{ seq: number }>(
    `SELECT seq::float8 AS seq FROM loom.ledger_windows, unnest(seqs) AS seq
      WHERE boot_id = $1 AND lane = $2 AND number <= $3 AND seq >= $4`,
    [name.bootId, name.lane, before.number, before.low_water],
  );
  const { number, hash, low_water: lowWater } = before;
  return { name, number, hash, lowWater, accounted: above.map(({ seq }) => seq) };
}

/** The windows after `after`, in their order. The next ones are on their way while these are looked at. */
export async function* readWindows(
  session: LedgerSession,
  { bootId, lane }: ChainName,
  after: number,
): AsyncGenerator<StoredWindow, void, void> {
  const readAfter = (last: number): Promise<WindowRow[]> => {
    const rows = session.read<WindowRow>(
      `SELECT ${windowColumns} FROM loom.ledger_windows
        WHERE boot_id = $1 AND lane = $2 AND number > $3 ORDER BY number LIMIT ${windowsPerRead}`,
      [bootId, lane, last],
    );
    // Whoever comes to them hears of it; a reading that was given up by then must not end the thread.
    rows.catch(() => undefined);
    return rows;
  };
  let reading = readAfter(after);
  for (;;) {
    const rows = await reading;
    const end = rows.at(-1);
    if (end === undefined) return;
    if (rows.length === windowsPerRead) reading = readAfter(end.number);
    for (const row of rows) yield windowOf(row, bootId, lane);
    if (rows.length < windowsPerRead) return;
  }
}

function windowOf(row: WindowRow, bootId: string, lane: number): StoredWindow {
  return {
    nodeId: row.node_id,
    bootId,
    lane,
    number: row.number,
    kind: row.kind,
    seqs: row.seqs === "{}" ? [] : row.seqs.slice(1, -1).split(",").map(Number),
    leaves: row.leaves,
    lowWater: row.low_water,
    admitted: row.admitted,
    firstAtMs: row.first_ms,
    lastAtMs: row.last_ms,
    createdAtMs: row.created_ms,
    merkleRoot: row.merkle_root,
    prevHash: row.prev_hash,
    hash: row.hash,
    keyId: row.key_id,
    signature: row.signature,
  };
}
