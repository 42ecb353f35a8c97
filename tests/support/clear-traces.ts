// Empties the tables of recorded exchanges between tests. They are append-only for everybody, so it takes what only
// a superuser can do: a session in which triggers do not fire.
import type pg from "pg";

export async function clearTraces(pool: pg.Pool, ...more: readonly string[]): Promise<void> {
  const tables = ["traces", "usage_rollups", "dead_traces", ...more].map((table) => `loom.${table}`).join(", ");
  await pool.query(`BEGIN; SET LOCAL session_replication_role = replica; TRUNCATE ${tables}; COMMIT`);
}
