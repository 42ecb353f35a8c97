// The server behind the test databases: the embedded one in a home of its own under the temp folder, or the one that
// DATABASE_URL names. Homes of runs that were killed are cleared away by the next run.
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../src/postgres/embedded-postgres.js";
import { findHomeHolder, lockHome } from "../../src/postgres/home-lock.js";
import { findLivePostmaster, stopPostmaster } from "../../src/postgres/postmaster.js";

export type TestServer = {
  /** A database that is there and that nobody clones. */
  readonly adminUrl: string;
  urlOf(database: string): string;
  /** Runs one statement outside a transaction. */
  run(sql: string): Promise<void>;
  stop(): Promise<void>;
};

const homePrefix = "loom-test-";

export async function startTestServer(url: string | undefined): Promise<TestServer> {
  if (url !== undefined) return describeServer(url, async () => undefined);
  await clearAbandonedHomes();
  const home = await mkdtemp(join(tmpdir(), homePrefix));
  const lock = await lockHome(home);
  const embedded = await startEmbeddedPostgres({ home, durable: false });
  return describeServer(embedded.url, async () => {
    await embedded.stop();
    lock.release();
    await rm(home, { recursive: true, force: true });
  });
}

/** The same server and user, another database. */
export function replaceDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Runs one statement on a connection of its own: CREATE and DROP DATABASE want no transaction. */
export async function runStatement(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function describeServer(adminUrl: string, stop: () => Promise<void>): TestServer {
  return {
    adminUrl,
    urlOf: (database) => replaceDatabase(adminUrl, database),
    run: (sql) => runStatement(adminUrl, sql),
    stop,
  };
}

async function clearAbandonedHomes(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(homePrefix));
  for (const home of names.map((name) => join(tmpdir(), name))) {
    const found = await stat(home).catch(() => null);
    // A young one may be a run that has not come to its lock yet.
    if (found === null || found.uid !== process.getuid?.() || Date.now() - found.mtimeMs < 60_000) continue;
    if (findHomeHolder(home) !== null) continue;
    const live = findLivePostmaster(join(home, "postgres", "data"));
    if (live !== null) await stopPostmaster(live.pid, 5000);
    await rm(home, { recursive: true, force: true });
  }
}
