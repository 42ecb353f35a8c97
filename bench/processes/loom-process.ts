// Loom as it is shipped, in a process and a home of its own, with its demo key and its threads marked.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPool } from "../../src/postgres/connect.js";
import { findRoot } from "../../src/postgres/embedded-place.js";
import { findRunning } from "../../src/postgres/embedded-postgres.js";
import { findLivePostmaster, stopPostmaster } from "../../src/postgres/postmaster.js";
import { type Started, startProcess } from "./child-process.js";

export type RunningLoom = {
  readonly url: string;
  readonly key: string;
  readonly process: Started;
  readonly gatewayPid: number;
  readonly threadNotes: string;
  /** Where its threads write what only they know; null unless it was asked for. */
  readonly probeFolder: string | null;
  readonly databaseUrl: string;
  readonly postmasterPid: number | null;
  readonly database: TraceCount;
  stop(): Promise<void>;
};

/** Rows of the demo tenant. */
export type TraceCount = {
  read(): Promise<number>;
  /** The age of the newest row in ms, by the clock that made it; NaN without rows. */
  readAgeMs(): Promise<number>;
  close(): Promise<void>;
};

export type LoomOptions = {
  readonly home: string;
  readonly upstreamUrl: string;
  /** Settings such as LOOM_DURABILITY, handed on as they are. */
  readonly settings: Readonly<Record<string, string>>;
  /** Folder for CPU profiles of every thread, or null. */
  readonly profileFolder: string | null;
  /** A module that every thread of Loom loads first, or null: how a fault is planted. */
  readonly preload: URL | null;
  /** Whether its threads note their heap and the delay of their event loop every second. */
  readonly probe: boolean;
};

const startTimeoutMs = 60_000;
const databaseStopMs = 10_000;
/** The default of 256 is fewer than the streams of the bench, and what waits for a connection measures nothing. */
const loomYaml = "upstream:\n  connectionsPerTargetMax: 2048\n";

export async function startLoom(options: LoomOptions): Promise<RunningLoom> {
  // When root runs the bench, the database runs as another user; in a closed home it would be put outside of it.
  mkdirSync(options.home, { mode: 0o755 });
  const home = join(options.home, "home");
  mkdirSync(home, { mode: 0o755 });
  const threadNotes = join(options.home, "threads");
  mkdirSync(threadNotes);
  const probeFolder = options.probe ? join(options.home, "probe") : null;
  if (probeFolder !== null) mkdirSync(probeFolder);
  const config = join(options.home, "loom.yaml");
  writeFileSync(config, loomYaml);
  const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
  const args = [...preloads(options, threadNotes, probeFolder), main, "start"];
  const started = startProcess("Loom", process.execPath, args, {
    PATH: "/usr/bin:/bin",
    LOG_LEVEL: "warn",
    LOOM_DEFAULT_PROVIDER: "openai",
    ...options.settings,
    LOOM_HOME: home,
    LOOM_CONFIG: config,
    PORT: "0",
    OPENAI_BASE_URL: `${options.upstreamUrl}/v1`,
    OPENAI_API_KEY: "sk-bench-upstream",
  });
  try {
    const [, url = ""] = await started.waitForOutput(/^ *API +(http:\/\/[^\s]+?)\/v1/m, startTimeoutMs);
    await started.waitForUrl(`${url}/readyz`, startTimeoutMs);
    const demo = JSON.parse(readFileSync(join(home, "demo.json"), "utf8")) as { key: string; tenant: string };
    const databaseUrl = await findRunning(home);
    if (databaseUrl === null) throw new Error(`The database of ${home} does not run.`);
    const database = openTraceCount(databaseUrl, demo.tenant);
    let stopped: Promise<void> | null = null;
    const stop = (): Promise<void> => (stopped ??= database.close().then(() => stopLoom(started, home)));
    const postmasterPid = await findPostmasterPid(home);
    const place = { threadNotes, probeFolder, databaseUrl, postmasterPid };
    return { url, key: demo.key, process: started, gatewayPid: started.pid, ...place, database, stop };
  } catch (error) {
    await stopLoom(started, home);
    throw error;
  }
}

/** Node's own arguments: what each thread loads before Loom. */
function preloads(options: LoomOptions, threadNotes: string, probeFolder: string | null): string[] {
  const note = new URL("./note-thread.js", import.meta.url);
  note.searchParams.set("folder", threadNotes);
  const probe = new URL("./probe-thread.js", import.meta.url);
  if (probeFolder !== null) probe.searchParams.set("folder", probeFolder);
  const modules = [
    note,
    ...(probeFolder === null ? [] : [probe]),
    ...(options.preload === null ? [] : [options.preload]),
  ];
  const profile = options.profileFolder === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileFolder}`];
  return [...modules.flatMap(({ href }) => ["--import", href]), ...profile];
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

function openTraceCount(url: string, tenant: string): TraceCount {
  const pool = openPool({ url, max: 1, applicationName: "loom bench" });
  const own = "tenant_id = (SELECT id FROM loom.tenants WHERE name = $1 OR id::text = $1)";
  const ask = async (what: string): Promise<number> => {
    const { rows } = await pool.query<{ found: string | null }>(
      `SELECT ${what} AS found FROM loom.traces WHERE ${own}`,
      [tenant],
    );
    return Number(rows[0]?.found ?? Number.NaN);
  };
  return {
    read: () => ask("count(*)"),
    readAgeMs: () => ask("extract(epoch FROM clock_timestamp() - max(created_at)) * 1000"),
    close: () => pool.end(),
  };
}
