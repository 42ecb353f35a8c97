// Temporary tables in the shape of the real ones. COPY goes into them where it may not go into the real table, because
// row security applies to the connection or because rows may be there already; INSERT takes the rows over.
import type { Client } from "pg";

export type StagedTable = "traces" | "usage_rollups";

export function stagingOf(table: StagedTable): string {
  return `pg_temp.loom_staged_${table}`;
}

/** Makes the staging table unless this session has it; it is empty at the start of every transaction. */
export async function makeStaging(client: Client, table: StagedTable): Promise<void> {
  // LIKE would need SELECT on the whole table, which the writer does not have; the catalogue is open to everybody.
  // Ciphertext does not compress, and Postgres would try it for every body.
  await client.query(`DO $$ DECLARE
    columns text; plain text;
  BEGIN
    IF to_regclass('${stagingOf(table)}') IS NOT NULL THEN RETURN; END IF;
    SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum),
           string_agg(format('ALTER COLUMN %I SET STORAGE EXTERNAL', attname), ', ') 
             FILTER (WHERE atttypid IN ('bytea'::regtype, 'json'::regtype))
      INTO columns, plain FROM pg_attribute
      WHERE attrelid = 'loom.${table}'::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE 'CREATE TEMP TABLE loom_staged_${table} (' || columns || ') ON COMMIT DELETE ROWS';
    IF plain IS NOT NULL THEN EXECUTE 'ALTER TABLE ${stagingOf(table)} ' || plain; END IF;
  END $$`);
}
