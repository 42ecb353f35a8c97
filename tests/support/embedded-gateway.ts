// A real gateway that brings its own PostgreSQL in its home, for what concerns the files that such a home consists of.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { findRoot } from "../../src/postgres/embedded-place.js";
import { findRunning } from "../../src/postgres/embedded-postgres.js";
import { startTestGateway, type TestGateway } from "./gateway.js";

export type EmbeddedGateway = Omit<TestGateway, "pool" | "database"> & {
  readonly databaseUrl: string;
  /** The folders in which anything of this gateway may lie. */
  readonly folders: readonly string[];
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
};

export async function startEmbeddedGateway(env: Readonly<Record<string, string>> = {}): Promise<EmbeddedGateway> {
  const { pool: _pool, database: _database, ...gateway } = await startTestGateway({ DATABASE_URL: "", ...env });
  const databaseUrl = await findRunning(gateway.home);
  if (databaseUrl === null) throw new Error(`no server runs for ${gateway.home}:\n${gateway.output()}`);
  const root = await findRoot(gateway.home);
  return {
    ...gateway,
    databaseUrl,
    folders: [gateway.home, ...(root.startsWith(`${gateway.home}/`) ? [] : [root])],
    async query(sql, values = []) {
      const client = new pg.Client({ connectionString: databaseUrl, application_name: "test" });
      await client.connect();
      try {
        return (await client.query(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

/** `file: form` for every file below the folders that holds one of the forms (name -> bytes). */
export function findBytes(folders: readonly string[], forms: Readonly<Record<string, Buffer>>): string[] {
  const hits: string[] = [];
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const bytes = readIfThere(file);
      for (const [name, form] of Object.entries(forms)) if (bytes.includes(form)) hits.push(`${file}: ${name}`);
    }
  }
  return hits;
}

/** A server removes files while they are listed. */
function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
