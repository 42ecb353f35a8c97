// One question to Postgres: whose key is this, and what may that tenant use? Sealed credentials are opened by the
// function that is handed in, so that master keys stay in a worker.
import type pg from "pg";
import { z } from "zod";
import { type ProviderSettings, providerKinds } from "../config/config.js";
import { Secret } from "../config/secret.js";
import type { Caller, DisconnectPolicy, FailurePolicy } from "../config/tenant.js";
import { isConnectionLoss } from "../postgres/sqlstate.js";
import { providerOf } from "../providers/provider-table.js";
import type { LoomEvent } from "../report/events.js";

/** What a sealed credential is bound to. */
export type SealedCredential = {
  readonly tenantId: string;
  readonly keySalt: string;
  readonly provider: string;
  readonly baseUrl: string;
  /** base64 */
  readonly sealed: string;
};

export type OpenCredential = (sealed: SealedCredential) => Promise<string>;

/** `usable` is false for a revoked key; an expired one is the cache's business, since it expires while cached. */
export type LoadedKey = { readonly caller: Caller; readonly usable: boolean; readonly expiresAtMs: number | null };

export type ProviderRow = {
  readonly provider: string;
  readonly kind: string;
  readonly settings: unknown;
  readonly credentials: string | null;
};
type KeyRow = {
  readonly key_id: string;
  readonly scopes: string[];
  readonly on_disconnect: DisconnectPolicy;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly tenant_id: string;
  readonly tenant_name: string;
  readonly key_salt: Buffer | null;
  readonly default_provider: string | null;
  readonly failure_policy: FailurePolicy;
  readonly providers: ProviderRow[] | null;
  readonly routes: { readonly model: string; readonly targets: string[] }[] | null;
};

const keyQuery = `
  SELECT k.id AS key_id, k.scopes, k.on_disconnect, k.expires_at, k.revoked_at,
         t.id AS tenant_id, t.name AS tenant_name, t.key_salt, t.default_provider, t.failure_policy,
         (SELECT json_agg(json_build_object('provider', p.provider, 'kind', p.kind, 'settings', p.settings,
                                            'credentials', translate(encode(p.credentials, 'base64'), E'\\n', '')))
            FROM loom.provider_configs p WHERE p.tenant_id = t.id) AS providers,
         (SELECT json_agg(json_build_object('model', r.model, 'targets', r.targets))
            FROM loom.model_routes r WHERE r.tenant_id = t.id) AS routes
    FROM loom.api_keys k JOIN loom.tenants t ON t.id = k.tenant_id
   WHERE k.key_hash = $1`;

const settingsShape = z.object({
  baseUrl: z.string().optional(),
  auth: z.enum(["bearer", "api-key", "none"]).optional(),
  apiVersion: z.string().nullish(),
  deployments: z.record(z.string(), z.string()).optional(),
});

/** Whose provider it is. */
export type ProviderOwner = { readonly tenant_id: string; readonly key_salt: Buffer | null };

/** Rejects with an Error in plain words when the row cannot be used. */
export async function readProvider(
  row: ProviderRow,
  key: ProviderOwner,
  openCredential: OpenCredential,
): Promise<ProviderSettings> {
  const kind = providerKinds.find((known) => known === row.kind);
  if (kind === undefined) throw new Error(`its kind "${row.kind}" is not known to this version`);
  const settings = settingsShape.parse(row.settings);
  const baseUrl = settings.baseUrl ?? providerOf(kind).defaultBaseUrl ?? "";
  let credential: Secret | null = null;
  if (row.credentials !== null) {
    if (key.key_salt === null) throw new Error("the tenant's keys were erased");
    const keySalt = key.key_salt.toString("base64");
    const bound = { tenantId: key.tenant_id, keySalt, provider: row.provider, baseUrl, sealed: row.credentials };
    credential = new Secret(await openCredential(bound));
  }
  return {
    name: row.provider,
    kind,
    baseUrl,
    credential,
    auth: settings.auth ?? providerOf(kind).defaultAuth,
    apiVersion: settings.apiVersion ?? null,
    deployments: settings.deployments ?? {},
  };
}

/** A pooled connection may have died since it was last used; that is no news of the database, so it is asked once more. */
async function askFor(pool: pg.Pool, keyHash: Buffer): Promise<KeyRow | undefined> {
  try {
    return (await pool.query<KeyRow>(keyQuery, [keyHash])).rows[0];
  } catch (error) {
    if (!isConnectionLoss(error)) throw error;
    return (await pool.query<KeyRow>(keyQuery, [keyHash])).rows[0];
  }
}

/** Null for an unknown key. Rejects with Postgres' own error when it cannot be asked. */
export async function loadCaller(
  pool: pg.Pool,
  keyHash: string,
  openCredential: OpenCredential,
  emit: (event: LoomEvent) => void,
): Promise<LoadedKey | null> {
  const row = await askFor(pool, Buffer.from(keyHash, "hex"));
  if (row === undefined) return null;
  const providers = new Map<string, ProviderSettings>();
  for (const provider of row.providers ?? []) {
    try {
      providers.set(provider.provider, await readProvider(provider, row, openCredential));
    } catch (error) {
      // One setting that cannot be read must not lock the tenant out of its other providers.
      const reason = error instanceof Error ? error.message : String(error);
      emit({ name: "provider_setting_unusable", tenantId: row.tenant_id, provider: provider.provider, reason });
    }
  }
  return {
    usable: row.revoked_at === null && row.key_salt !== null,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    caller: {
      apiKeyId: row.key_id,
      scopes: row.scopes,
      onDisconnect: row.on_disconnect,
      tenant: {
        id: row.tenant_id,
        name: row.tenant_name,
        keySalt: row.key_salt?.toString("base64") ?? null,
        defaultProvider: row.default_provider,
        failurePolicy: row.failure_policy,
        providers,
        routes: new Map((row.routes ?? []).map(({ model, targets }) => [model, targets])),
      },
    },
  };
}
