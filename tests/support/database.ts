// A database of its own for each test file, cloned from the migrated template in some tens of milliseconds. Closing
// it fails when a connection was left open, since a pool that leaks in a test leaks in the gateway too.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { describe, inject } from "vitest";
import { openPool } from "../../src/postgres/connect.js";
import type {} from "./global-database.js";
import { replaceDatabase, runStatement } from "./test-server.js";

export type TestDatabase = {
  readonly url: string;
  readonly name: string;
  /** A pool that `close` ends. */
  pool(max?: number): pg.Pool;
  /** Drops the database. @throws Error that names the connections that others left open. */
  close(): Promise<void>;
};

/** A suite that needs PostgreSQL; skipped where TEST_DB_ENABLED=0 has turned it off. */
export function describeWithDatabase(name: string, suite: () => void): void {
  const database = inject("database");
  describe.skipIf(database.kind === "off")(database.kind === "off" ? `${name} (${database.reason})` : name, suite);
}

/** A suite on embedded servers of its own: skipped as well where the database is another one. */
export function describeWithEmbedded(name: string, suite: () => void): void {
  const database = inject("database");
  describe.skipIf(database.kind === "off" || !database.isEmbedded)(name, suite);
}

/** Clones the template; `empty` gives a database without Loom's schema instead. */
export async function openTestDatabase(content: "migrated" | "empty" = "migrated"): Promise<TestDatabase> {
  const database = inject("database");
  if (database.kind === "off") throw new Error(database.reason);
  const { adminUrl, template } = database;
  const name = `loom_test_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  await runStatement(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${content === "migrated" ? template : "template0"}`);
  const url = replaceDatabase(adminUrl, name);
  const pools: pg.Pool[] = [];
  return {
    url,
    name,
    pool: (max = 5) => {
      const pool = openPool({ url, max, applicationName: "test" });
      pools.push(pool);
      return pool;
    },
    close: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      const leaked = await findLeaks(adminUrl, name);
      await runStatement(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      if (leaked.length > 0) throw new Error(`Connections were left open to ${name}: ${leaked.join(", ")}`);
    },
  };
}

/** A connection that was closed is gone from the server a moment later. */
async function findLeaks(adminUrl: string, name: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const deadline = Date.now() + 2000;
    for (;;) {
      const { rows } = await client.query<{ application_name: string; query: string }>(
        "SELECT application_name, query FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
        [name],
      );
      if (rows.length === 0 || Date.now() > deadline) {
        return rows.map((row) => `${row.application_name || "unnamed"} (last query: ${row.query.slice(0, 80)})`);
      }
      await sleep(20);
    }
  } finally {
    await client.end();
  }
}
