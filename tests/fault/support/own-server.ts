// A Postgres server that belongs to one scenario, so that it may be frozen, killed and filled up.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { findRoot } from "../../../src/postgres/embedded-place.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/postgres/embedded-postgres.js";
import { lockHome } from "../../../src/postgres/home-lock.js";
import { findLivePostmaster } from "../../../src/postgres/postmaster.js";

export type OwnServer = {
  /** Its only database. */
  readonly url: string;
  readonly dataDir: string;
  /** Stops every process of the server without a word to its clients, and lets them go on. */
  freeze(): void;
  thaw(): void;
  /** As `pg_ctl stop -m immediate`; it is started again a moment later. */
  stopImmediately(): void;
  run(sql: string): Promise<void>;
  close(): Promise<void>;
};

export async function startOwnServer(): Promise<OwnServer> {
  const home = mkdtempSync(join(tmpdir(), "loom-fault-pg-"));
  const lock = await lockHome(home);
  const server: EmbeddedPostgres = await startEmbeddedPostgres({ home, durable: false });
  const dataDir = join(await findRoot(home), "data");
  const pids = (): number[] => {
    const postmaster = findLivePostmaster(dataDir)?.pid;
    if (postmaster === undefined) return [];
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, "utf8").trim().split(/\s+/);
    return [postmaster, ...children.map(Number).filter((pid) => pid > 0)];
  };
  const signalAll = (signal: NodeJS.Signals): void => {
    for (const pid of pids()) process.kill(pid, signal);
  };
  return {
    url: server.url,
    dataDir,
    freeze: () => signalAll("SIGSTOP"),
    thaw: () => signalAll("SIGCONT"),
    stopImmediately: () => {
      const [postmaster] = pids();
      if (postmaster !== undefined) process.kill(postmaster, "SIGQUIT");
    },
    run: (sql) => runOnce(server.url, sql),
    async close() {
      signalAll("SIGCONT");
      await server.stop();
      lock.release();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Runs the statements one after the other, on a connection of their own. */
export async function runOnce(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: "fault" });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
