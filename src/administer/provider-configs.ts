// A tenant's own providers. The key is sealed before it comes near the database, bound to tenant, name and base URL.
import type { ProviderSettings } from "../config/config.js";
import type { ProviderEntry } from "../config/config-schema.js";
import { makeProviderSettings } from "../config/provider-settings.js";
import type { Secret } from "../config/secret.js";
import { type Actor, loomItself, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";
import { Refusal } from "./refusal.js";
import type { FoundTenant } from "./tenants.js";

export type CredentialToSeal = {
  readonly tenantId: string;
  /** The tenant's salt, base64. */
  readonly keySalt: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly credential: Secret;
};

export type SealCredential = (input: CredentialToSeal) => Promise<Uint8Array>;

/** What `provider_configs.settings` holds. */
export type StoredSettings = Pick<ProviderSettings, "baseUrl" | "auth" | "apiVersion" | "deployments">;

export type ProviderRow = StoredSettings & {
  readonly tenant: string;
  readonly name: string;
  readonly kind: string;
  /** Whether a sealed key is kept. The key itself never comes back. */
  readonly key: "sealed" | "none";
  readonly updatedAt: Date;
};

/**
 * Makes or replaces the settings of one provider of a tenant. Without a new key the sealed one stays, unless `auth`
 * is `none`. @throws Refusal when the base URL is missing, or is changed without giving the key again.
 */
export async function setProvider(
  db: Database,
  tenant: FoundTenant,
  { name, entry, seal }: { name: string; entry: ProviderEntry; seal: SealCredential },
  by: Actor = loomItself,
): Promise<Omit<ProviderRow, "updatedAt">> {
  const { kind, credential, baseUrl, auth, apiVersion, deployments } = makeProviderSettings(name, entry);
  if (baseUrl === "") throw new Refusal(`The kind ${kind} has no base URL of its own.`, "Add --base-url <url>.");
  const sealed = credential === null ? null : await sealFor(tenant, { name, baseUrl, credential, seal });
  const settings: StoredSettings = { baseUrl, auth, apiVersion, deployments };
  const keep = credential === null && auth !== "none";
  const stored: StoredProvider = { tenantId: tenant.id, name, kind, settings, sealed, keep };
  const key = await inTransaction(db, async (tx) => {
    const kept = await store(tx, stored);
    // The settings have no secret in them; a sealed key is named as new or as the one that was there.
    const details = { kind, ...settings, key: credential === null ? kept : "set" };
    await recordAuditEvent(tx, { ...by, action: "provider.set", tenantId: tenant.id, subject: name, details });
    return kept;
  });
  return { tenant: tenant.name, name, kind, ...settings, key };
}

type StoredProvider = {
  readonly tenantId: string;
  readonly name: string;
  readonly kind: string;
  readonly settings: StoredSettings;
  readonly sealed: Buffer | null;
  /** Whether the sealed key that is there stays. */
  readonly keep: boolean;
};

async function store(db: Database, stored: StoredProvider): Promise<ProviderRow["key"]> {
  const { tenantId, name, kind, settings, sealed, keep } = stored;
  // One statement, so that a key never stays beside a base URL that it was not sealed for.
  const { rows } = await db.query<{ sealed: boolean }>(
    `INSERT INTO loom.provider_configs AS old (tenant_id, provider, kind, settings, credentials)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant_id, provider) DO UPDATE SET
       kind = excluded.kind, settings = excluded.settings, updated_at = now(),
       credentials = CASE WHEN $6 THEN old.credentials ELSE excluded.credentials END
     WHERE NOT $6 OR old.credentials IS NULL OR old.settings ->> 'baseUrl' = $7
     RETURNING credentials IS NOT NULL AS sealed`,
    [tenantId, name, kind, settings, sealed, keep, settings.baseUrl],
  );
  const row = rows[0];
  if (row === undefined) {
    throw new Refusal(`The key of "${name}" is sealed for another base URL.`, "Give the key again with the new URL.");
  }
  return row.sealed ? "sealed" : "none";
}

async function sealFor(
  tenant: FoundTenant,
  { name, baseUrl, credential, seal }: { name: string; baseUrl: string; credential: Secret; seal: SealCredential },
): Promise<Buffer> {
  if (tenant.keySalt === null) {
    throw new Refusal(`The keys of "${tenant.name}" were erased, so nothing can be sealed.`, "Make a new tenant.");
  }
  const keySalt = tenant.keySalt.toString("base64");
  return Buffer.from(await seal({ tenantId: tenant.id, keySalt, provider: name, baseUrl, credential }));
}

/** The providers of one tenant, or of all when `tenantId` is null. */
export async function listProviders(db: Database, tenantId: string | null): Promise<readonly ProviderRow[]> {
  const { rows } = await db.query<Omit<ProviderRow, keyof StoredSettings> & { settings: StoredSettings }>(
    `SELECT t.name AS tenant, p.provider AS name, p.kind, p.settings, p.updated_at AS "updatedAt",
       CASE WHEN p.credentials IS NULL THEN 'none' ELSE 'sealed' END AS key
     FROM loom.provider_configs p JOIN loom.tenants t ON t.id = p.tenant_id
     WHERE $1::uuid IS NULL OR p.tenant_id = $1
     ORDER BY t.name, p.provider`,
    [tenantId],
  );
  return rows.map(({ settings, ...row }) => ({ ...row, ...settings }));
}
