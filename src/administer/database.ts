// What administration needs of a database connection: a pool or a client, whoever opened it.
import type pg from "pg";

export type Database = Pick<pg.Pool, "query">;

/** SQLSTATE of a value that has to be unique and is there already. */
export const uniqueViolation = "23505";

export function hasSqlState(error: unknown, state: string): boolean {
  return error instanceof Error && "code" in error && error.code === state;
}
