// Conversations: the session ids of the newest traces, each with the sums over its own. Found by walking back through
// a bounded number of traces, and summed by the index on session ids.
import { limits } from "../limits.js";
import { type Cursor, isoOfMicros, readCursor, writeCursor } from "./cursor.js";
import { filterConditions, Parameters } from "./filter-sql.js";
import { readFilterValues } from "./read-parameters.js";
import type { Query } from "./reader.js";
import type { Session, SessionList } from "./schema/account.js";
import type { FilterValues } from "./schema/parameters.js";
import { isoOf, readListSpan } from "./time-span.js";

export type SessionsValues = FilterValues & {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly window?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: string | undefined;
};

const defaultSessions = 50;
/** A conversation is looked for in this time at most, so that few partitions are opened for each. */
const sessionDaysMax = 90;
const dayMs = 86_400_000;

type Found = { readonly session_id: string; readonly id: string; readonly micros: string };
type Stop = { readonly id: string; readonly micros: string };

type SessionRow = {
  readonly session_id: string;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly duration_ms: number;
  readonly requests: string;
  readonly errors: string;
  readonly tokens: string | null;
  readonly cost: string | null;
  readonly unpriced: string;
  readonly models: string[] | null;
  readonly users: string[] | null;
};

/** Sessions whose latest trace of the time lies before the cursor, the latest first. */
export async function listSessions(
  query: Query,
  values: SessionsValues,
  tenantId: string,
  nowMs: number,
): Promise<SessionList> {
  const { fromMs, toMs } = readListSpan(values, nowMs);
  const cursor = values.cursor === undefined ? null : readCursor(values.cursor);
  const limit = values.limit === undefined ? defaultSessions : Number(values.limit);
  const startMs = fromMs ?? toMs - sessionDaysMax * dayMs;
  const { found, stop } = await findSessions(query, { values, tenantId, startMs, toMs, cursor, limit });
  const rows = found.length === 0 ? [] : await sumSessions(query, tenantId, found, startMs, toMs);
  const byId = new Map(rows.map((row) => [row.session_id, row]));
  const data = found.flatMap(({ session_id: id }) => {
    const row = byId.get(id);
    return row === undefined ? [] : makeSession(row);
  });
  return { object: "list", data, nextCursor: stop === null ? null : writeCursor(stop) };
}

type Search = {
  readonly values: SessionsValues;
  readonly tenantId: string;
  readonly startMs: number;
  readonly toMs: number;
  readonly cursor: Cursor | null;
  readonly limit: number;
};

/** Walks back through the traces; a session counts where its latest trace stands, so that no page repeats one. */
async function findSessions(query: Query, search: Search): Promise<{ found: Found[]; stop: Stop | null }> {
  const parameters = new Parameters();
  const tenant = `${parameters.add(search.tenantId)}::uuid`;
  const from = `${parameters.add(isoOf(search.startMs))}::timestamptz`;
  const to = `${parameters.add(isoOf(search.toMs))}::timestamptz`;
  const conditions = [`tenant_id = ${tenant}`, `created_at >= ${from}`, `created_at < ${to}`];
  if (search.cursor !== null) {
    const at = `${parameters.add(isoOfMicros(search.cursor.micros))}::timestamptz`;
    const id = search.cursor.id;
    conditions.push(id === null ? `created_at < ${at}` : `(created_at, id) < (${at}, ${parameters.add(id)}::uuid)`);
  }
  const filter = filterConditions(readFilterValues(search.values), parameters, tenant, "rows");
  const rest = ["session_id IS NOT NULL", ...filter].join(" AND ");
  const rows = await query<Found & { scanned: string; isLatest: boolean }>(
    `WITH scanned AS MATERIALIZED (
       SELECT *, row_number() OVER (ORDER BY created_at DESC, id DESC) AS scanned
       FROM (SELECT created_at, id, session_id, ${filter.length === 0 ? "true" : `coalesce(${filter.join(" AND ")}, false)`} AS fits
         FROM loom.traces WHERE ${conditions.join(" AND ")}
         ORDER BY created_at DESC, id DESC LIMIT ${limits.scannedForSessionsMax}) newest
     ), latest AS (
       SELECT DISTINCT ON (session_id) session_id, id, created_at, scanned FROM scanned
       WHERE session_id IS NOT NULL AND fits ORDER BY session_id, scanned
     ), page AS (
       SELECT l.*, NOT EXISTS (SELECT FROM loom.traces n WHERE n.tenant_id = ${tenant} AND n.session_id = l.session_id
         AND n.created_at < ${to} AND (n.created_at, n.id) > (l.created_at, l.id)
         ${filter.length === 0 ? "" : `AND ${rest}`}) AS "isLatest"
       FROM (SELECT * FROM latest ORDER BY scanned LIMIT ${search.limit + 1}) l
     )
     SELECT session_id, id, (extract(epoch FROM created_at) * 1000000)::int8 AS micros, scanned, "isLatest" FROM page
     UNION ALL
     (SELECT NULL, id, (extract(epoch FROM created_at) * 1000000)::int8, scanned, false FROM scanned
       WHERE scanned = ${limits.scannedForSessionsMax})
     ORDER BY scanned, session_id`,
    parameters.values,
  );
  const end = rows.find(({ session_id: id }) => id === null) ?? null;
  const found = rows.filter(({ session_id: id }) => id !== null);
  const page = found.slice(0, search.limit);
  const last = page.at(-1);
  const stop = found.length > search.limit && last !== undefined ? last : end;
  return { found: page.filter(({ isLatest }) => isLatest), stop };
}

async function sumSessions(
  query: Query,
  tenantId: string,
  found: readonly Found[],
  fromMs: number,
  toMs: number,
): Promise<SessionRow[]> {
  return query<SessionRow>(
    `SELECT session_id, min(created_at) AS first_at, max(created_at) AS last_at,
       (extract(epoch FROM max(created_at + latency_ms * interval '1 millisecond') - min(created_at)) * 1000)::float8 AS duration_ms,
       count(*) AS requests, count(*) FILTER (WHERE outcome IN ('error', 'truncated', 'interrupted', 'refused')) AS errors,
       sum(total_tokens) AS tokens, sum(estimated_cost_usd) AS cost,
       count(*) FILTER (WHERE estimated_cost_usd IS NULL AND usage_source <> 'none') AS unpriced,
       array_agg(DISTINCT model) FILTER (WHERE model IS NOT NULL) AS models,
       array_agg(DISTINCT end_user) FILTER (WHERE end_user IS NOT NULL) AS users
     FROM loom.traces
     WHERE tenant_id = $1 AND session_id IS NOT NULL AND session_id = ANY ($2::text[])
       AND created_at >= $3::timestamptz AND created_at < $4::timestamptz
     GROUP BY session_id`,
    [tenantId, found.map(({ session_id: id }) => id), isoOf(fromMs), isoOf(toMs)],
  );
}

function makeSession(row: SessionRow): Session {
  return {
    id: row.session_id,
    firstAt: row.first_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    durationMs: row.duration_ms,
    totalRequests: Number(row.requests),
    errors: Number(row.errors),
    totalTokens: Number(row.tokens ?? 0),
    estimatedCostUSD: Number(row.cost ?? 0),
    unpricedRequests: Number(row.unpriced),
    models: row.models ?? [],
    endUsers: row.users ?? [],
  };
}
