// A row that Postgres refuses goes to loom.dead_traces, sealed whole, with the reason: it is neither lost nor in the
// way of the others.
import type { Client } from "pg";
import { readSqlState } from "../../src/postgres/sqlstate.js";
import { readReason } from "./faults.js";
import { columnText, type TraceRow } from "./trace-row.js";

/** The encoded row, sealed under its tenant's key. */
export type SealedRowBytes = { readonly keyVersion: number; readonly iv: Uint8Array; readonly sealed: Uint8Array };

const setAsideText =
  "INSERT INTO loom.dead_traces (id, tenant_id, created_at, reason, sqlstate, sealed_row, row_iv, " +
  "encryption_key_version, node_id, boot_id, lane, seq) " +
  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";

export async function setAside(client: Client, row: TraceRow, sealed: SealedRowBytes, error: unknown): Promise<void> {
  await client.query(setAsideText, [
    row.id,
    row.tenantId,
    new Date(Math.floor(row.createdAtMs)).toISOString(),
    columnText(readReason(error)),
    readSqlState(error),
    sealed.sealed,
    sealed.iv,
    sealed.keyVersion,
    row.nodeId,
    row.bootId,
    row.lane,
    row.seq,
  ]);
}
