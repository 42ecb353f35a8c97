// Loom as it is shipped, in a process and a home of its own, with its demo key and its threads marked.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPool } from "../src/postgres/connect.js";
import { findRoot } from "../src/postgres/embedded-place.js";
import { findRunning } from "../src/postgres/embedded-postgres.js";
import { findLivePostmaster, stopPostmaster } from "../src/postgres/postmaster.js";
import { type Started, startProcess } from "./child-process.js";

export type RunningLoom = {
  readonly url: string;
  readonly key: string;
  readonly process: Started;
  readonly threadNotes: string;
  readonly postmasterPid: number | null;
  readonly database: TraceCount;
  stop(): Promise<void>;
};

/** Rows of the demo tenant. */
export type TraceCount = { read(): Promise<number>; close(): Promise<void> };

export type LoomOptions = {
  readonly home: string;
  readonly upstreamUrl: string;
  /** Settings such as LOOM_DURABILITY, handed on as they are. */
  readonly settings: Readonly<Record<string, string>>;
  /** Folder for CPU profiles of every thread, or null. */
  readonly profileFolder: string | null;
};

const startTimeoutMs = 60_000;
const databaseStopMs = 10_000;

export async function startLoom(options: LoomOptions): Promise<RunningLoom> {
  const home = join(options.home, "loom");
  const threadNotes = join(options.home, "threads");
  mkdirSync(threadNotes);
  // When root runs the bench, the database runs as another user; in a closed home it would be put outside of it.
  mkdirSync(home, { mode: 0o755 });
  const note = new URL("./note-thread.js", import.meta.url);
  note.searchParams.set("folder", threadNotes);
  const profile = options.profileFolder === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileFolder}`];
  const main = fileURLToPath(new URL("../src/main.js", import.meta.url));
  const started = startProcess("Loom", process.execPath, ["--import", note.href, ...profile, main, "start"], {
    PATH: "/usr/bin:/bin",
    LOG_LEVEL: "warn",
    LOOM_DEFAULT_PROVIDER: "openai",
    ...options.settings,
    LOOM_HOME: home,
    PORT: "0",
    OPENAI_BASE_URL: `${options.upstreamUrl}/v1`,
    OPENAI_API_KEY: "sk-bench-upstream",
  });
  try {
    const [, url = ""] = await started.waitForOutput(/^ *API +(http:\/\/[^\s]+?)\/v1/m, startTimeoutMs);
    await started.waitForUrl(`${url}/readyz`, startTimeoutMs);
    const demo = JSON.parse(readFileSync(join(home, "demo.json"), "utf8")) as { key: string; tenant: string };
    const database = await openTraceCount(home, demo.tenant);
    const stop = async (): Promise<void> => {
      await database.close();
      await stopLoom(started, home);
    };
    const postmasterPid = await findPostmasterPid(home);
    return { url, key: demo.key, process: started, threadNotes, postmasterPid, database, stop };
  } catch (error) {
    await stopLoom(started, home);
    throw error;
  }
}

/** A gateway that had to be killed leaves its database running. */
async function stopLoom(started: Started, home: string): Promise<void> {
  await started.stop();
  const left = await findPostmasterPid(home);
  if (left !== null) await stopPostmaster(left, databaseStopMs);
}

async function findPostmasterPid(home: string): Promise<number | null> {
  return findLivePostmaster(join(await findRoot(home), "data"))?.pid ?? null;
}

async function openTraceCount(home: string, tenant: string): Promise<TraceCount> {
  const url = await findRunning(home);
  if (url === null) throw new Error(`The database of ${home} does not run.`);
  const pool = openPool({ url, max: 1, applicationName: "loom bench" });
  return {
    async read() {
      const { rows } = await pool.query<{ found: string }>(
        "SELECT count(*) AS found FROM loom.traces WHERE tenant_id = (SELECT id FROM loom.tenants WHERE name = $1 OR id::text = $1)",
        [tenant],
      );
      return Number(rows[0]?.found ?? 0);
    },
    close: () => pool.end(),
  };
}
