// What administration needs of a database connection: a pool or a client, whoever opened it.
import type pg from "pg";

export type Database = Pick<pg.Pool, "query">;

/** SQLSTATE of a value that has to be unique and is there already. */
export const uniqueViolation = "23505";

/** SQLSTATE of something that the login has no right to. */
export const insufficientPrivilege = "42501";

export function hasSqlState(error: unknown, state: string): boolean {
  return error instanceof Error && "code" in error && error.code === state;
}

/**
 * Runs `work` in one transaction; a pool lends it a client of its own. `db` must not be in a transaction already.
 * Rejects with what `work` throws, after the rollback.
 */
export async function inTransaction<Answer>(db: Database, work: (db: Database) => Promise<Answer>): Promise<Answer> {
  const lent = isPool(db) ? await db.connect() : null;
  const client = lent ?? db;
  let fault: Error | undefined;
  try {
    await client.query("BEGIN");
    const answer = await work(client);
    await client.query("COMMIT");
    return answer;
  } catch (error) {
    // A client that cannot roll back is not given back to the pool.
    await client.query("ROLLBACK").catch((broken: Error) => {
      fault = broken;
    });
    throw error;
  } finally {
    lent?.release(fault);
  }
}

function isPool(db: Database): db is pg.Pool {
  return "totalCount" in db;
}
