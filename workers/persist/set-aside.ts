// A row that Postgres refuses goes to loom.dead_traces, sealed whole, with the reason: it is neither lost nor in the
// way of the others.
import type { Client } from "pg";
import { readSqlState } from "../../src/postgres/sqlstate.js";
import { type Leaf, leafOf } from "../ledger/leaf.js";
import { BinaryCopy } from "./binary-copy.js";
import type { LedgerEntry } from "./chain-writer.js";
import { readReason } from "./faults.js";
import { columnText, type TraceRow } from "./trace-row.js";

/** The encoded row, sealed under its tenant's key. */
export type SealedRowBytes = { readonly keyVersion: number; readonly iv: Uint8Array; readonly sealed: Uint8Array };

/** The columns of loom.dead_traces that the ledger covers, in the order in which they are encoded. */
export const deadColumns = [
  ...["id", "tenant_id", "created_at", "reason", "sqlstate", "sealed_row", "row_iv", "encryption_key_version"],
  ...["node_id", "boot_id", "lane", "seq"],
] as const;

const setAsideText =
  `INSERT INTO loom.dead_traces (${deadColumns.join(", ")}) ` +
  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";

/** Resolves to what the ledger has to say of the row, or to null when it was set aside before. */
export async function setAside(
  client: Client,
  row: TraceRow,
  sealed: SealedRowBytes,
  error: unknown,
): Promise<LedgerEntry | null> {
  const dead = { reason: columnText(readReason(error)), sqlState: readSqlState(error), ...sealed };
  const { rowCount } = await client.query(setAsideText, [
    row.id,
    row.tenantId,
    new Date(Math.floor(row.createdAtMs)).toISOString(),
    dead.reason,
    dead.sqlState,
    sealed.sealed,
    sealed.iv,
    sealed.keyVersion,
    row.nodeId,
    row.bootId,
    row.lane,
    row.seq,
  ]);
  if (rowCount === 0) return null;
  const { nodeId, bootId, lane, seq } = row;
  const createdAtMs = Math.floor(row.createdAtMs);
  return { nodeId, bootId, lane, seq, createdAtMs, leaf: leafOfDead(row, dead) };
}

function leafOfDead(
  row: TraceRow,
  dead: SealedRowBytes & { readonly reason: string; readonly sqlState: string | null },
): Leaf {
  const out = new BinaryCopy(512 + dead.sealed.length);
  out.startRow(deadColumns.length);
  out.uuid(row.id);
  out.uuid(row.tenantId);
  out.timestamp(Math.floor(row.createdAtMs));
  out.text(dead.reason);
  out.text(dead.sqlState);
  out.bytea(dead.sealed);
  out.bytea(dead.iv);
  out.int4(dead.keyVersion);
  out.text(row.nodeId);
  out.uuid(row.bootId);
  out.int2(row.lane);
  out.int8(row.seq);
  return leafOf(out.view(0, out.length));
}
