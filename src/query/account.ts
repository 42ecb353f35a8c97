// What a key may know of itself and of the tenant's other keys: names, scopes, last use, and what each has cost.
import type { Caller } from "../config/tenant.js";
import { LoomError } from "../errors/loom-error.js";
import { type FiguresRow, figuresOfSums, makeFigures } from "./figures.js";
import { Parameters } from "./filter-sql.js";
import { bodiesScope } from "./read-trace.js";
import type { Query } from "./reader.js";
import type { KeyList, Me } from "./schema/account.js";
import { readWindow } from "./time-span.js";
import { sumsSource } from "./usage-source.js";
import { anyTime, spanOf, type WindowValues } from "./usage-summary.js";

/** What the operator has set that a reader should know. */
export type Surroundings = {
  readonly version: string;
  readonly jaegerUrl: string | null;
  readonly retentionDays: number | null;
};

type KeyRow = {
  readonly id: string;
  readonly prefix: string;
  readonly name: string;
  readonly scopes: string[];
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly created_at: Date;
  readonly last_at: Date | null;
};

const monthMs = 30 * 86_400_000;
const lastUseMs = 90 * 86_400_000;

const isoOrNull = (time: Date | null | undefined): string | null => time?.toISOString() ?? null;

export async function readMe(query: Query, { tenant, apiKeyId, scopes }: Caller, about: Surroundings): Promise<Me> {
  const [key] = await query<Pick<KeyRow, "id" | "prefix" | "name" | "expires_at">>(
    "SELECT id, prefix, name, expires_at FROM loom.api_keys WHERE tenant_id = $1 AND id = $2",
    [tenant.id, apiKeyId],
  );
  // It was deleted while it is still in the cache.
  if (key === undefined) throw new LoomError("invalid_api_key");
  const [times] = await query<{ newest: Date | null; oldest: Date | null }>(
    `SELECT (SELECT created_at FROM loom.traces WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1) AS newest,
            (SELECT created_at FROM loom.traces WHERE tenant_id = $1 ORDER BY created_at, id LIMIT 1) AS oldest`,
    [tenant.id],
  );
  return {
    tenant: { id: tenant.id, name: tenant.name },
    key: { id: key.id, prefix: key.prefix, name: key.name, expiresAt: isoOrNull(key.expires_at) },
    scopes: [...scopes],
    may: { readTraces: true, readBodies: scopes.includes(bodiesScope) },
    newestTraceAt: isoOrNull(times?.newest),
    oldestTraceAt: isoOrNull(times?.oldest),
    ...about,
  };
}

export async function listKeys(
  query: Query,
  values: WindowValues,
  { tenant, apiKeyId }: Caller,
  nowMs: number,
): Promise<KeyList> {
  const span = readWindow(values, nowMs, monthMs);
  const keys = await query<KeyRow>(
    `SELECT k.id, k.prefix, k.name, k.scopes, k.expires_at, k.revoked_at, k.created_at,
       (SELECT t.created_at FROM loom.traces t WHERE t.tenant_id = $1 AND t.api_key_id = k.id AND t.created_at >= $2
         ORDER BY t.created_at DESC LIMIT 1) AS last_at
     FROM loom.api_keys k WHERE k.tenant_id = $1 ORDER BY k.created_at, k.id`,
    [tenant.id, new Date(nowMs - lastUseMs)],
  );
  const parameters = new Parameters();
  const question = { tenantId: tenant.id, filter: [], span };
  const grouping = { g: "api_key_id::text", t: anyTime };
  const source = sumsSource(question, grouping, { coarsest: "day", isDetailed: true }, parameters);
  const usage = await query<FiguresRow>(figuresOfSums(source), parameters.values);
  const byKey = new Map(usage.map((row) => [row.g, row]));
  return {
    object: "list",
    window: spanOf(span),
    data: keys.map((key) => {
      const figures = makeFigures(byKey.get(key.id));
      const { totalRequests, errorRate, totalTokens, estimatedCostUSD, unpricedRequests } = figures;
      const isExpired = key.expires_at !== null && key.expires_at.getTime() <= nowMs;
      return {
        id: key.id,
        prefix: key.prefix,
        name: key.name,
        scopes: key.scopes,
        state: key.revoked_at !== null ? ("revoked" as const) : isExpired ? ("expired" as const) : ("active" as const),
        isOwn: key.id === apiKeyId,
        createdAt: key.created_at.toISOString(),
        expiresAt: isoOrNull(key.expires_at),
        revokedAt: isoOrNull(key.revoked_at),
        lastUsedAt: isoOrNull(key.last_at),
        ...{ totalRequests, errorRate, totalTokens, estimatedCostUSD, unpricedRequests },
      };
    }),
  };
}
