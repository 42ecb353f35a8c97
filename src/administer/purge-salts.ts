// What PostgreSQL keeps of a value that was overwritten: the old version of its row in the table's file, and the
// records of both in the write-ahead log, whose files are reused with what they held. This makes the server let go of
// it, as far as the login may, and says what is left otherwise.
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "./database.js";

const pollMs = 100;
/** The erasure of a tenant must not stand behind a lock for longer, with all logins standing behind it. */
const lockTimeout = "5s";

/**
 * Rewrites loom.tenants and the log of the server without what was deleted. Takes an exclusive lock on a small table
 * for a moment, and writes each file of the log twice. A transaction that began before the erasure may still read the
 * old row: `waitMs` is how long such ones are waited for. Returns sentences on what could not be done.
 */
export async function purgeSalts(db: Database, waitMs: number): Promise<readonly string[]> {
  const remains: string[] = [];
  const attempt = async (work: () => Promise<unknown>, sentence: string): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      remains.push(`${sentence} (${reason})`);
    }
  };
  await attempt(
    () => rewriteTable(db, waitMs),
    "The old version of the row is still in the file of loom.tenants: VACUUM (FULL) loom.tenants as its owner.",
  );
  await attempt(
    () => rewriteLog(db),
    "The salt is still in the write-ahead log until its files are overwritten: as a superuser, run CHECKPOINT and pg_switch_wal() until they are.",
  );
  const copies = await findCopies(db);
  return [...remains, ...copies];
}

async function rewriteTable(db: Database, waitMs: number): Promise<void> {
  await waitForOldSnapshots(db, waitMs);
  const before = await readFileNode(db);
  await db.query(`SET lock_timeout = '${lockTimeout}'`);
  try {
    await db.query("VACUUM (FULL) loom.tenants");
  } finally {
    await db.query("RESET lock_timeout");
  }
  // To whom it is not permitted, PostgreSQL gives a warning, and goes on without the table.
  if ((await readFileNode(db)) === before) throw new Error("permission denied to vacuum the table");
}

/** Another one after every rewrite. */
async function readFileNode(db: Database): Promise<string | undefined> {
  const { rows } = await db.query<{ node: string }>("SELECT pg_relation_filenode('loom.tenants')::text AS node");
  return rows[0]?.node;
}

/** A rewrite carries along every row version that some transaction could still see. */
async function waitForOldSnapshots(db: Database, waitMs: number): Promise<void> {
  const { rows } = await db.query<{ next: string }>("SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next");
  const next = rows[0]?.next;
  const deadline = performance.now() + waitMs;
  for (;;) {
    const { rows: holders } = await db.query<{ who: string }>(
      `SELECT who FROM (
         SELECT coalesce(nullif(application_name, ''), 'process ' || pid) AS who, backend_xmin AS oldest
           FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
         UNION ALL SELECT coalesce(nullif(application_name, ''), 'process ' || pid), backend_xid
           FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
         UNION ALL SELECT 'replication slot ' || slot_name, xmin FROM pg_replication_slots
         UNION ALL SELECT 'prepared transaction ' || gid, transaction FROM pg_prepared_xacts
       ) held WHERE oldest IS NOT NULL AND age(oldest) > age($1::xid8::xid)`,
      [next],
    );
    if (holders.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `it may still be read by ${holders.map(({ who }) => who).join(", ")}; erase again when that ended`,
      );
    }
    await sleep(pollMs);
  }
}

/**
 * Runs through every file of the log twice: the first time those that lie ready for reuse, the second time those that
 * became ready for it by the checkpoint in between. A switch fills the rest of a file with empty pages.
 */
async function rewriteLog(db: Database): Promise<void> {
  await db.query("CHECKPOINT");
  for (let round = 0; round < 2; round += 1) {
    const { rows } = await db.query<{ files: number }>(
      "SELECT count(*)::int AS files FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'",
    );
    for (let file = 0; file <= (rows[0]?.files ?? 0); file += 1) {
      await db.query("SELECT pg_logical_emit_message(false, 'loom', '')");
      await db.query("SELECT pg_switch_wal()");
    }
    await db.query("CHECKPOINT");
  }
}

/** Copies that this connection knows of and cannot reach. */
async function findCopies(db: Database): Promise<readonly string[]> {
  const copies: string[] = [];
  const { rows: settings } = await db.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE (name = 'archive_mode' AND setting <> 'off')
        OR (name = 'wal_keep_size' AND setting <> '0')`,
  );
  for (const { name } of settings) {
    copies.push(
      name === "archive_mode"
        ? "This server archives its log: remove what was archived before now, and base backups that need it."
        : "This server keeps old files of its log (wal_keep_size): the salt stays there until they are gone.",
    );
  }
  const { rows: standbys } = await db.query("SELECT FROM pg_stat_replication LIMIT 1");
  const { rows: slots } = await db.query("SELECT FROM pg_replication_slots LIMIT 1");
  if (standbys.length > 0 || slots.length > 0) {
    copies.push("This server has standbys or replication slots: their copies of the log and of the table remain.");
  }
  return copies;
}
