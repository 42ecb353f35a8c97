// Rows of traces that Postgres refused: who they are, why they lie aside, and bringing them in after all. What is
// sealed in them is opened by a worker that is handed in, so that keys stay off the main thread.
import { type Actor, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";
import { Refusal } from "./refusal.js";

export type DeadTrace = {
  readonly id: string;
  readonly tenant: string;
  readonly createdAt: Date;
  readonly setAsideAt: Date;
  readonly reason: string;
  readonly sqlState: string | null;
  readonly chain: string;
  readonly seq: number;
};

export type SealedDeadTrace = {
  readonly id: string;
  readonly tenantId: string;
  /** base64 */
  readonly keySalt: string;
  readonly createdAtMs: number;
  readonly nodeId: string;
  readonly keyVersion: number;
  readonly iv: Uint8Array;
  readonly sealed: Uint8Array;
};

/** workers/dead-rows.ts. Both reject with an Error in plain words. */
export type DeadRowWorker = {
  /** What the row says, without its bodies. */
  open(row: SealedDeadTrace): Promise<Readonly<Record<string, unknown>>>;
  /** False when the row is among the traces already. */
  retry(row: SealedDeadTrace): Promise<boolean>;
};

const dead = `SELECT d.id, coalesce(t.name, d.tenant_id::text) AS tenant, d.created_at AS "createdAt",
    d.set_aside_at AS "setAsideAt", d.reason, d.sqlstate AS "sqlState",
    d.node_id || '/' || d.boot_id || '/' || d.lane AS chain, d.seq::float8 AS seq
  FROM loom.dead_traces d LEFT JOIN loom.tenants t ON t.id = d.tenant_id`;

/** Oldest first; of one tenant, or of all when `tenantId` is null. */
export async function listDeadTraces(db: Database, tenantId: string | null): Promise<readonly DeadTrace[]> {
  const { rows } = await db.query<DeadTrace>(
    `${dead} WHERE $1::uuid IS NULL OR d.tenant_id = $1 ORDER BY d.created_at, d.id`,
    [tenantId],
  );
  return rows;
}

/** What is known of the row, and what is in it. Leaves an event. @throws Refusal when it cannot be opened. */
export async function showDeadTrace(
  db: Database,
  id: string,
  { worker, by }: { readonly worker: DeadRowWorker; readonly by: Actor },
): Promise<DeadTrace & { readonly row: Readonly<Record<string, unknown>> }> {
  const { rows } = await db.query<DeadTrace>(`${dead} WHERE d.id = $1`, [uuidOf(id)]);
  const [found] = rows;
  if (found === undefined) throw unknownRow(id);
  const sealed = await readSealed(db, id);
  await recordAuditEvent(db, { ...by, action: "dead.open", tenantId: sealed.tenantId, subject: id, details: {} });
  return { ...found, row: await worker.open(sealed) };
}

/**
 * Brings the row in, with its sums and its place in the ledger, then strikes it off. A crash between the two leaves
 * it in both places, and the next try strikes it off. Rejects with the database's error when it is refused again.
 */
export async function retryDeadTrace(
  db: Database,
  id: string,
  { worker, by }: { readonly worker: DeadRowWorker; readonly by: Actor },
): Promise<"inserted" | "there already"> {
  const sealed = await readSealed(db, id);
  const result = (await worker.retry(sealed)) ? "inserted" : "there already";
  await inTransaction(db, async (tx) => {
    const { rowCount } = await tx.query("DELETE FROM loom.dead_traces WHERE id = $1", [id]);
    if (rowCount === 0) return;
    await recordAuditEvent(tx, {
      ...by,
      action: "dead.retry",
      tenantId: sealed.tenantId,
      subject: id,
      details: { result },
    });
  });
  return result;
}

async function readSealed(db: Database, id: string): Promise<SealedDeadTrace> {
  const { rows } = await db.query<Omit<SealedDeadTrace, "keySalt"> & { keySalt: Buffer | null }>(
    `SELECT d.id, d.tenant_id AS "tenantId", t.key_salt AS "keySalt", d.node_id AS "nodeId",
       extract(epoch FROM d.created_at)::float8 * 1000 AS "createdAtMs", d.encryption_key_version AS "keyVersion",
       d.row_iv AS iv, d.sealed_row AS sealed
     FROM loom.dead_traces d LEFT JOIN loom.tenants t ON t.id = d.tenant_id WHERE d.id = $1`,
    [uuidOf(id)],
  );
  const [row] = rows;
  if (row === undefined) throw unknownRow(id);
  const { keySalt, ...rest } = row;
  if (keySalt === null)
    throw new Refusal(`The keys of the tenant of ${id} were erased.`, "Nothing can open this row any more.");
  return { ...rest, keySalt: keySalt.toString("base64") };
}

function uuidOf(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw unknownRow(id);
}

function unknownRow(id: string): Refusal {
  return new Refusal(`No row with the id ${id.slice(0, 40)} lies aside.`, "See `loom dead list` for those that do.");
}
