// The ledger of a database as one stream of items: keys, audit events, then chain by chain its rows and windows,
// merged so that a reader needs to hold no more than what is between two windows.
import type { AuditEventRow, AuditSeal, LedgerItem, LedgerRow, StoredWindow } from "../ledger/ledger-item.js";
import type { ChainName } from "../ledger/window.js";
import { gapColumns } from "../persist/gaps.js";
import { deadColumns } from "../persist/set-aside.js";
import { traceColumns } from "../persist/trace-row.js";
import { uuidBytes } from "../uuid-bytes.js";
import { type LedgerSession, rowReaders } from "./ledger-session.js";
import { type ListedChain, listChains, readStart, readWindows } from "./read-windows.js";
import type { RowShape } from "./split-rows.js";

export type LedgerPart = {
  /** Windows since this moment; null: all. */
  readonly since: Date | null;
  /** Bodies of other tenants are left out; null: none are. */
  readonly tenantId: string | null;
};

const bodyColumns: readonly string[] = ["request_body", "response_body"];
const eventsPerRead = 2000;
/** As many rows with large bodies fit into what a connection reads ahead. */
const seqsPerTurn = 16;
const longChainSeqs = 500;
const traceShape: RowShape = { hasLeaf: true, seqColumn: -1 };
const foundTables = {
  dead: { table: "loom.dead_traces", columns: deadColumns as readonly string[] },
  gap: { table: "loom.ledger_gaps", columns: gapColumns as readonly string[] },
};

/** Every item, `end` last. Throws what pg throws. */
export async function* readLedger(session: LedgerSession, part: LedgerPart): AsyncGenerator<LedgerItem, void, void> {
  const keys = await session.read<{ keyId: string; publicKey: Buffer; nodeId: string }>(
    'SELECT key_id AS "keyId", public_key AS "publicKey", node_id AS "nodeId" FROM loom.ledger_keys ORDER BY created_at',
  );
  for (const key of keys) yield { type: "key", ...key };
  yield* readEvents(session);
  for (const chain of await listChains(session, part.since)) yield* readChain(session, chain, part);
  yield { type: "end" };
}

/** 16 bytes each. */
export async function readTenants(session: LedgerSession): Promise<Buffer[]> {
  const rows = await session.read<{ id: string }>("SELECT id FROM loom.tenants ORDER BY id");
  return rows.map(({ id }) => uuidBytes(id));
}

/** The id of a tenant. Throws an Error when there is none of that name. */
export async function findTenant(session: LedgerSession, name: string): Promise<string> {
  const [row] = await session.read<{ id: string }>("SELECT id FROM loom.tenants WHERE name = $1", [name]);
  if (row === undefined) throw new Error("there is no tenant of that name");
  return row.id;
}

/** How many rows the windows since then cover, for showing how far one has come. */
export async function countRows(session: LedgerSession, { since }: LedgerPart): Promise<number> {
  const [row] = await session.read<{ n: number | null }>(
    "SELECT (sum(octet_length(leaves)) / 32)::float8 AS n FROM loom.ledger_windows WHERE kind = 'rows' AND created_at >= $1",
    [since ?? new Date(0)],
  );
  return row?.n ?? 0;
}

async function* readEvents(session: LedgerSession): AsyncGenerator<LedgerItem, void, void> {
  let last = 0;
  for (;;) {
    const rows = await session.read<{ number: number; fields: (string | null)[]; prev_hash: Buffer; hash: Buffer }>(
      `SELECT number::float8 AS number, prev_hash, hash,
         ARRAY[number::text, id::text, (extract(epoch FROM at) * 1000000)::int8::text, actor, action, tenant_id::text,
           subject, details::text, origin] AS fields
       FROM loom.audit_events WHERE number > $1 ORDER BY number LIMIT ${eventsPerRead}`,
      [last],
    );
    const seals = await session.read<AuditSeal>(
      `SELECT number::float8 AS number, hash, key_id AS "keyId", signature FROM loom.audit_seals
        WHERE number > $1 AND ($2 OR number <= $3) ORDER BY number, created_at`,
      [last, rows.length < eventsPerRead, rows.at(-1)?.number ?? last],
    );
    const events: AuditEventRow[] = rows.map(({ number, fields, prev_hash: prevHash, hash }) => {
      return { number, fields, prevHash, hash };
    });
    if (events.length > 0 || seals.length > 0) yield { type: "events", events, seals };
    if (rows.length < eventsPerRead) return;
    last = rows.at(-1)?.number ?? last;
  }
}

async function* readChain(
  session: LedgerSession,
  { name, admitted }: ListedChain,
  { since, tenantId }: LedgerPart,
): AsyncGenerator<LedgerItem, void, void> {
  const start = await readStart(session, name, since);
  yield { type: "chain", start };
  // A short chain is read before a second connection has begun.
  const readers = admitted - start.lowWater < longChainSeqs ? 1 : rowReaders;
  const rows = session.copy(selectRows(name, start.lowWater, { tenantId, readers }), traceShape);
  let pending: LedgerRow[] = [];
  let state: "more" | "ended" = "more";
  for await (const window of readWindows(session, name, start.number)) {
    const last = window.seqs.reduce((highest, seq) => Math.max(highest, seq), 0);
    while (state === "more" && (pending.at(-1)?.seq ?? 0) <= last) {
      const next = await rows.next();
      if (next.done === true) state = "ended";
      else if (pending.length === 0) pending = next.value;
      else for (const row of next.value) pending.push(row);
    }
    const cut = cutOf(pending, last);
    if (cut > 0) yield { type: "rows", rows: pending.slice(0, cut) };
    pending = pending.slice(cut);
    yield { type: "window", window, found: await readFound(session, window) };
  }
  if (pending.length > 0) yield { type: "rows", rows: pending };
  for await (const more of rows) yield { type: "rows", rows: more };
}

/** How many rows at the front have numbers up to `last`. */
function cutOf(rows: readonly LedgerRow[], last: number): number {
  let cut = 0;
  while (cut < rows.length && (rows[cut] as LedgerRow).seq <= last) cut += 1;
  return cut;
}

/** A query for each reader: runs of numbers by turns, so that all come forward at one pace. */
function selectRows(
  { bootId, lane }: ChainName,
  from: number,
  { tenantId, readers }: { readonly tenantId: string | null; readonly readers: number },
): string[] {
  const columns = traceColumns.map((column) =>
    tenantId === null || !bodyColumns.includes(column)
      ? column
      : `CASE WHEN tenant_id = '${tenantId}' THEN ${column} END AS ${column}`,
  );
  return Array.from(
    { length: readers },
    (_, reader) =>
      `SELECT ${columns.join(", ")} FROM loom.traces WHERE boot_id = '${bootId}' AND lane = ${lane} ` +
      `AND seq >= ${from} AND abs(seq / ${seqsPerTurn}) % ${readers} = ${reader} ORDER BY seq`,
  );
}

async function readFound(session: LedgerSession, window: StoredWindow): Promise<LedgerRow[]> {
  if (window.kind !== "dead" && window.kind !== "gap") return [];
  const { table, columns } = foundTables[window.kind];
  const { bootId, lane, seqs } = window;
  const query =
    `SELECT ${columns.join(", ")} FROM ${table} WHERE boot_id = '${bootId}' AND lane = ${lane} ` +
    `AND seq IN (${seqs.join(", ")}) ORDER BY seq`;
  const rows: LedgerRow[] = [];
  for await (const some of session.copyBeside(query, { hasLeaf: false, seqColumn: columns.indexOf("seq") })) {
    rows.push(...some);
  }
  return rows;
}
