// Brings a database to the schema of this build. Many instances may start at once: one migrates under an advisory
// lock while the others wait and then find nothing to do.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { checkServerVersion, describeDatabase } from "./connect.js";
import { ensurePartitions } from "./partitions.js";
import { settleRoles } from "./roles.js";

export type MigrateOptions = {
  readonly url: string;
  readonly log?: (message: string) => void;
  /** Decides which partitions are made; default: the clock. */
  readonly now?: Date;
};

/** Any number that nothing else on the server uses; the same in every build, or two builds could migrate at once. */
const lockKey = "5505077160071";

/** How long to wait for another instance that migrates before giving up. */
const lockWaitMs = 10 * 60_000;

/**
 * Applies the migrations that the database lacks, all in one transaction, and makes the partitions that are due.
 *
 * @returns names of the migrations applied now, in order, and what an operator should know.
 * @throws Error when the server is too old, or when the database was migrated by a newer Loom.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[]; notes: string[] }> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: "loom migrate",
    connectionTimeoutMillis: 10_000,
  });
  // The query under way is rejected with the same error; without a listener it would end the process instead.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await checkServerVersion(client);
    await takeLock(client, options.log);
    const folder = findMigrationsFolder();
    const pending = await listPending(client, folder, options.url);
    if (pending.length > 0) {
      options.log?.(`migrating the database: ${pending.join(", ")}`);
      await applyAll(client, folder, options.log);
    }
    const note = await settleRoles(client, pending.length > 0);
    await ensurePartitions(client, options.now ?? new Date());
    return { applied: pending, notes: note === null ? [] : [note] };
  } finally {
    // The lock belongs to the session and goes with it.
    await client.end();
  }
}

/** The folder `migrations` of the package, from src/postgres as well as from dist/src/postgres. */
function findMigrationsFolder(): string {
  const candidates = ["../../migrations", "../../../migrations"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`The migrations are missing; looked in ${candidates.join(" and ")}.`);
  return found;
}

async function takeLock(client: pg.Client, log: MigrateOptions["log"]): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1) AS taken", [lockKey]);
  if (rows[0]?.taken === true) return;
  log?.("waiting for another instance that migrates the database");
  await client.query(`SET lock_timeout = ${lockWaitMs}`);
  await client.query("SELECT pg_advisory_lock($1)", [lockKey]);
  await client.query("RESET lock_timeout");
}

/** Names of the migrations of this build that the database lacks. */
async function listPending(client: pg.Client, folder: string, url: string): Promise<string[]> {
  const known = (await readdir(folder))
    .filter((name) => name.endsWith(".sql"))
    .map((name) => name.slice(0, -4))
    .sort();
  const applied = await listApplied(client);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `The database ${describeDatabase(url)} was migrated by a newer Loom (${unknown.join(", ")}). Start that version, or restore a backup made before it.`,
    );
  }
  return known.filter((name) => !applied.includes(name));
}

async function listApplied(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass('loom.migrations') IS NOT NULL AS there");
  if (rows[0]?.there !== true) return [];
  const applied = await client.query<{ name: string }>("SELECT name FROM loom.migrations ORDER BY id");
  return applied.rows.map((row) => row.name);
}

async function applyAll(client: pg.Client, folder: string, log: MigrateOptions["log"]): Promise<void> {
  // Loaded only when there is work: it brings a TypeScript loader that a normal start has no use for.
  const { runner } = await import("node-pg-migrate");
  const errors: string[] = [];
  const quiet = () => undefined;
  try {
    await runner({
      dbClient: client,
      dir: folder,
      // Matched against whole names: everything that is not SQL is ignored.
      ignorePattern: "(?!.*\\.sql$).*",
      direction: "up",
      migrationsSchema: "loom",
      migrationsTable: "migrations",
      createMigrationsSchema: true,
      singleTransaction: true,
      checkOrder: true,
      noLock: true,
      logger: {
        debug: quiet,
        info: quiet,
        warn: (message: string) => log?.(message),
        error: (message: string) => errors.push(message),
      },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The database could not be migrated: ${[reason, ...errors].join("\n")}`, { cause });
  }
}
