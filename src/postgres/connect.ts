// The one place where pools are made, so that every connection of Loom has the same time-outs, a name that shows in
// pg_stat_activity, and an error listener: without one, a server that goes away would end the process.
import pg from "pg";
import { assumeRole, type DatabaseRole, seeAllTenants } from "./roles.js";

export type PoolOptions = {
  /** A connection URL; a unix socket is `?host=<percent-encoded folder>`. */
  readonly url: string;
  /** The most connections at once. */
  readonly max: number;
  /** Shows in pg_stat_activity, such as `loom lane 0`. */
  readonly applicationName: string;
  readonly statementTimeoutMs?: number;
  /** What each connection becomes, where the login may. */
  readonly role?: DatabaseRole;
  /** `all`: for administration, which looks beyond one tenant. */
  readonly tenants?: "all";
  /** Told when an idle connection breaks. The pool replaces it by itself. */
  readonly onIdleError?: (error: Error) => void;
};

/** A hung server must not hold a request for longer than this before the caller learns of it. */
const connectTimeoutMs = 5000;
const idleTimeoutMs = 60_000;

/** Opens a pool; it connects at the first query. The caller ends it. */
export function openPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    // pg-pool waits for the promise, although its types do not say so.
    onConnect: (client): unknown => prepare(client, options),
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  });
  pool.on("error", (error) => options.onIdleError?.(error));
  return pool;
}

/** Once for each connection, before anybody gets it. */
async function prepare(client: pg.ClientBase, { role, tenants }: PoolOptions): Promise<void> {
  if (role !== undefined) await assumeRole(client, role);
  if (tenants === "all") await seeAllTenants(client);
}

/** Where a database is, without user secrets: `host:port/name`, or `name at <folder>` for a unix socket. */
export function describeDatabase(url: string): string {
  const client = new pg.Client({ connectionString: url });
  const name = client.database ?? "postgres";
  return client.host.startsWith("/") ? `${name} at ${client.host}` : `${client.host}:${client.port}/${name}`;
}

/**
 * Throws a plain error when the server is older than Loom needs.
 * 15 is the oldest version that the migrations are tested with.
 */
export async function checkServerVersion(client: Pick<pg.ClientBase, "query">): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string; server_version: string }>(
    "SELECT current_setting('server_version_num') AS server_version_num, current_setting('server_version') AS server_version",
  );
  const row = rows[0];
  if (row !== undefined && Number(row.server_version_num) < 150_000) {
    throw new Error(`Loom needs PostgreSQL 15 or newer; this server is ${row.server_version}.`);
  }
}
