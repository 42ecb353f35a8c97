// Runs statements as one of the database's roles, in a transaction that is rolled back: what is tried leaves nothing.
import type pg from "pg";

/** The error's message, or the rows when there was none. */
export async function tryAs(
  pool: pg.Pool,
  role: string,
  statement: string,
  tenant: string | null = null,
): Promise<string | readonly Record<string, unknown>[]> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT set_config('role', $1, true)", [role]);
    if (tenant !== null) await client.query("SELECT set_config('loom.tenant', $1, true)", [tenant]);
    return (await client.query(statement)).rows;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}
