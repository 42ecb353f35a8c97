// Brings rows and the sums over them into Postgres, within a transaction that the caller opened. Two forms: the
// direct COPY of the normal path, and a deduplicating one for rows that may be there already.
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { limits } from "../../src/limits.js";
import type { Batch, BatchRow, Slice } from "./batch.js";
import { BinaryCopy, copyHeader, copyTrailer } from "./binary-copy.js";
import { rollUp, rollupColumns, writeRollup } from "./rollups.js";
import { makeStaging, stagingOf } from "./staging.js";
import { traceColumns } from "./trace-row.js";

const columns = traceColumns.join(", ");
const copyTracesText = `COPY loom.traces (${columns}) FROM STDIN (FORMAT binary)`;
const sums = rollupColumns.join(", ");
const copyRollupsText = `COPY loom.usage_rollups (${sums}) FROM STDIN (FORMAT binary)`;
const stageRollupsText = `COPY ${stagingOf("usage_rollups")} (${sums}) FROM STDIN (FORMAT binary)`;
const moveRollupsText = `INSERT INTO loom.usage_rollups (${sums}) SELECT ${sums} FROM ${stagingOf("usage_rollups")}`;
const copyStagingText = `COPY ${stagingOf("traces")} (${columns}) FROM STDIN (FORMAT binary)`;
// Without a conflict target: whatever unique key says that the row is there, it is there.
const moveStagedText =
  `INSERT INTO loom.traces (${columns}) SELECT ${columns} FROM ${stagingOf("traces")} ` +
  "ON CONFLICT DO NOTHING RETURNING id";

const rollupBytes = 1024;

/** COPY of the slice and of its rollups. Resolves to the rows that came in; throws on the first bad or doubled row. */
export async function copyTraces(client: Client, batch: Batch, slice: Slice): Promise<readonly BatchRow[]> {
  await copyIn(client, copyTracesText, batch.encoded(slice));
  const rows = batch.rowsOf(slice);
  await copyRollups(client, copyRollupsText, rows);
  return rows;
}

/**
 * As copyTraces, but rows that are there already stay as they are, and are counted in no rollup again. Also for a
 * connection that row security applies to, which COPY into the table itself refuses.
 */
export async function copyTracesOnce(client: Client, batch: Batch, slice: Slice): Promise<readonly BatchRow[]> {
  await makeStaging(client, "traces");
  await copyIn(client, copyStagingText, batch.encoded(slice));
  const { rows } = await client.query<{ id: string }>(moveStagedText);
  const inserted = new Set(rows.map(({ id }) => id));
  // `delete` is true once: a row that is twice in the slice is counted once.
  const counted = batch.rowsOf(slice).filter(({ row }) => inserted.delete(row.id.toLowerCase()));
  await makeStaging(client, "usage_rollups");
  await copyRollups(client, stageRollupsText, counted);
  await client.query(moveRollupsText);
  return counted;
}

async function copyRollups(client: Client, text: string, rows: readonly BatchRow[]): Promise<void> {
  const rollups = rollUp(rows.map(({ row }) => row));
  if (rollups.length === 0) return;
  const out = new BinaryCopy(rollups.length * rollupBytes);
  for (const rollup of rollups) writeRollup(out, rollup);
  await copyIn(client, text, out.view(0, out.length));
}

/**
 * The bytes are in memory anyway, so they are queued at once and back-pressure is not asked for.
 * The stream ends with `finish` (all is in the table) or with the server's or the connection's `error`.
 */
function copyIn(client: Client, text: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(text));
    stream.on("error", (error) => {
      reject(error);
      // Without this, pg-copy-streams 7.0.0 goes on writing when the socket drains, to a connection that it has
      // forgotten by then: a TypeError out of a socket event, which would end the thread.
      stream.destroy();
    });
    stream.on("finish", resolve);
    stream.write(copyHeader);
    for (let at = 0; at < rows.length; at += limits.copyChunkBytes) {
      stream.write(rows.subarray(at, at + limits.copyChunkBytes));
    }
    stream.end(copyTrailer);
  });
}
