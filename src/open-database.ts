// The database of a start or of a command: the given one, or the embedded server of the home; migrated.
import type pg from "pg";
import type { Config } from "./config/config.js";
import { describeDatabase, openPool } from "./postgres/connect.js";
import { type EmbeddedPostgresEvent, findRunning, startEmbeddedPostgres } from "./postgres/embedded-postgres.js";
import { findHomeHolder, lockHome } from "./postgres/home-lock.js";
import { migrate } from "./postgres/migrate.js";
import { isTryAgainLater } from "./postgres/sqlstate.js";

export type OpenedDatabase = {
  readonly url: string;
  /** For the banner; no password. */
  readonly description: string;
  readonly notes: readonly string[];
  readonly firstStart: boolean;
  /** The migrations that this opening applied. */
  readonly applied: readonly string[];
  /** False when a given database could not be reached: it is tried again until it can, and migrated then. */
  readonly isReached: boolean;
  stop(): Promise<void>;
};

const migrateAgainMs = 2000;

/** Tries until the database can be reached; a fault of another kind is told, and tried again as well. */
function migrateWhenBack(url: string, onFault: (error: unknown) => void): () => void {
  let timer: NodeJS.Timeout;
  const attempt = (): void => {
    migrate({ url }).catch((error: unknown) => {
      if (!isTryAgainLater(error)) onFault(error);
      timer = setTimeout(attempt, migrateAgainMs).unref();
    });
  };
  timer = setTimeout(attempt, migrateAgainMs).unref();
  return () => clearTimeout(timer);
}

async function openGiven(url: string, mayBeAway: boolean, onFault: (error: unknown) => void): Promise<OpenedDatabase> {
  const given = { url, description: describeDatabase(url), firstStart: false };
  try {
    const { applied, notes } = await migrate({ url });
    return { ...given, notes, applied, isReached: true, stop: () => Promise.resolve() };
  } catch (error) {
    if (!mayBeAway || !isTryAgainLater(error)) throw error;
    const note = "The database is away: requests with keys known from before are served, and recorded when it is back.";
    const stop = migrateWhenBack(url, onFault);
    return { ...given, notes: [note], applied: [], isReached: false, stop: async () => stop() };
  }
}

export type OpenOptions = {
  readonly onEvent?: (event: EmbeddedPostgresEvent) => void;
  /** A gateway starts without its database; a command does not. */
  readonly mayBeAway?: boolean;
  /** Told when a database that was away is back and cannot be migrated. */
  readonly onFault?: (error: unknown) => void;
};

/** Needs the home lock when the database is embedded. Rejects with an Error in plain words. */
export async function openDatabase(config: Config, options: OpenOptions = {}): Promise<OpenedDatabase> {
  const { onEvent, mayBeAway = false, onFault = () => {} } = options;
  if (config.databaseUrl !== null) return openGiven(config.databaseUrl.reveal(), mayBeAway, onFault);
  const embedded = await startEmbeddedPostgres({ home: config.home, ...(onEvent !== undefined && { onEvent }) });
  let migrated: Awaited<ReturnType<typeof migrate>>;
  try {
    migrated = await migrate({ url: embedded.url });
  } catch (error) {
    await embedded.stop();
    throw error;
  }
  return {
    url: embedded.url,
    description: `embedded PostgreSQL ${embedded.version} (trial and single-node use; DATABASE_URL for your own)`,
    notes: embedded.adopted
      ? ["A database server left by an earlier start was taken over.", ...embedded.notes, ...migrated.notes]
      : [...embedded.notes, ...migrated.notes],
    firstStart: embedded.firstStart,
    applied: migrated.applied,
    isReached: true,
    stop: () => embedded.stop(),
  };
}

/** Brings the configured database to the schema of this build. */
export async function migrateDatabase(config: Config): Promise<{ applied: readonly string[] }> {
  return withDatabase(config, (_pool, applied) => Promise.resolve({ applied }));
}

/**
 * Runs `work` with a pool on the migrated database. Beside a running gateway its embedded server is used and left
 * running; without one, the server is started for this work and stopped after it.
 */
export async function withDatabase<Answer>(
  config: Config,
  work: (pool: pg.Pool, applied: readonly string[]) => Promise<Answer>,
): Promise<Answer> {
  const isBeside = config.databaseUrl === null && findHomeHolder(config.home) !== null;
  const running = isBeside ? await findRunning(config.home) : null;
  if (isBeside && running === null)
    throw new Error(`The gateway of ${config.home} is starting or stopping; try again in a moment.`);
  const lock = config.databaseUrl === null && running === null ? await lockHome(config.home) : null;
  let database: OpenedDatabase | null = null;
  try {
    if (running === null) database = await openDatabase(config);
    const pool = openPool({
      url: running ?? database?.url ?? "",
      max: 1,
      applicationName: "loom command",
      tenants: "all",
    });
    try {
      return await work(pool, database?.applied ?? []);
    } finally {
      await pool.end();
    }
  } finally {
    await database?.stop();
    lock?.release();
  }
}
