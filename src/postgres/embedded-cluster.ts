// The database folder of the embedded PostgreSQL: made once by initdb, checked at every start.
import { execFile } from "node:child_process";
import { chown, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import type { ServerUser } from "./server-user.js";

const MiB = 1024 * 1024;

/** The bootstrap user and the database of Loom. */
export const databaseName = "loom";

/** What the programs see of the environment: nothing of ours (PG* names would change what they do). */
export const programEnvironment = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } as const;

export type ClusterOptions = {
  readonly binaries: string;
  readonly dataDir: string;
  readonly user: ServerUser | null;
  /** false: for tests, nothing has to survive a power cut. */
  readonly durable: boolean;
};

/**
 * Makes the database folder unless it is there. It is made under another name and renamed, so that a start that was
 * killed leaves nothing that looks like a database.
 *
 * @returns true when it was made.
 * @throws Error when it was made by another major version of PostgreSQL.
 */
export async function ensureCluster(options: ClusterOptions, packageVersion: string): Promise<boolean> {
  const major = packageVersion.split(".")[0] ?? "";
  const existing = await readVersion(options.dataDir);
  if (existing !== null) {
    if (existing === major) return false;
    throw new Error(
      `The database in ${options.dataDir} was made by PostgreSQL ${existing}, this Loom brings PostgreSQL ${major}. Start the Loom that made it and export the data, or choose another LOOM_HOME.`,
    );
  }
  const root = dirname(options.dataDir);
  const leftovers = (await readdir(root)).filter((name) => name === "data" || name === "data.new");
  if (leftovers.includes("data")) {
    throw new Error(
      `${options.dataDir} exists but is no database (it has no PG_VERSION). Move it away, or choose another LOOM_HOME.`,
    );
  }
  const draft = join(root, "data.new");
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  if (options.user !== null) await chown(draft, options.user.uid, options.user.gid);
  await runInitdb({ ...options, dataDir: draft });
  await rename(draft, options.dataDir);
  return true;
}

async function readVersion(dataDir: string): Promise<string | null> {
  try {
    return (await readFile(join(dataDir, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    if (code !== "EACCES") throw error;
    throw new Error(
      `The database in ${dataDir} belongs to another user. Start Loom as that user (or as root), or choose another LOOM_HOME.`,
      { cause: error },
    );
  }
}

async function runInitdb(options: ClusterOptions): Promise<void> {
  const args = [
    `--pgdata=${options.dataDir}`,
    `--username=${databaseName}`,
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
    ...Object.entries(chooseSettings(totalmem())).map(([name, value]) => `--set=${name}=${value}`),
    ...(options.durable ? [] : ["--no-sync"]),
  ];
  try {
    await promisify(execFile)(join(options.binaries, "bin", "initdb"), args, {
      cwd: "/",
      env: programEnvironment,
      ...(options.user === null ? {} : { uid: options.user.uid, gid: options.user.gid }),
    });
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new Error(
      `The database could not be made: ${stderr?.trim() || message}. Or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause },
    );
  }
}

/** First values of postgresql.conf, which the operator may edit afterwards. `memoryBytes` is all of the machine's. */
export function chooseSettings(memoryBytes: number): Record<string, string> {
  const buffersMiB = Math.min(256, Math.max(64, Math.floor(memoryBytes / 32 / MiB)));
  return {
    shared_buffers: `${buffersMiB}MB`,
    max_connections: "100",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] %a ",
    log_checkpoints: "off",
    jit: "off",
  };
}

/** Makes the database `loom` unless it is there. `url` is the one of that database. */
export async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
  } catch (error) {
    if ((error as { code?: string }).code !== "3D000") throw error;
    await createDatabase(url);
    return;
  } finally {
    await client.end();
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, database: "postgres" });
  const admin = new pg.Client({
    host: client.host,
    port: client.port,
    user: databaseName,
    database: "postgres",
    ssl: false,
  });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${databaseName}`);
  } finally {
    await admin.end();
  }
}
