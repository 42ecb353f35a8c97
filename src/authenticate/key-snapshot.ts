// What this process knows of keys, as text that can be sealed and kept in the home: with it a restart while Postgres
// is away serves the keys that were served before. The text holds provider credentials in the clear and must never
// reach a disk unsealed; sealing is the business of whoever calls this.
import { z } from "zod";
import { type ProviderSettings, providerKinds } from "../config/config.js";
import { Secret } from "../config/secret.js";
import { disconnectPolicies, failurePolicies } from "../config/tenant.js";
import type { LoadedKey } from "./load-caller.js";

/** A known key and when the database last said so (unix time, ms). */
export type KnownKey = { readonly keyHash: string; readonly checkedAtUnixMs: number; readonly loaded: LoadedKey };

const providerShape = z.object({
  name: z.string(),
  kind: z.enum(providerKinds),
  baseUrl: z.string(),
  credential: z.string().nullable(),
  auth: z.enum(["bearer", "api-key", "none"]),
  apiVersion: z.string().nullable(),
  deployments: z.record(z.string(), z.string()),
});

const snapshotShape = z.object({
  version: z.literal(1),
  tenants: z.record(
    z.string(),
    z.object({
      name: z.string(),
      keySalt: z.string().nullable(),
      defaultProvider: z.string().nullable(),
      failurePolicy: z.enum(failurePolicies),
      providers: z.array(providerShape),
      routes: z.array(z.tuple([z.string(), z.array(z.string())])),
    }),
  ),
  keys: z.array(
    z.object({
      keyHash: z.string(),
      checkedAtUnixMs: z.number(),
      apiKeyId: z.string(),
      scopes: z.array(z.string()),
      // Snapshots of earlier versions do not have it.
      onDisconnect: z.enum(disconnectPolicies).default("cancel"),
      tenantId: z.string(),
      expiresAtMs: z.number().nullable(),
    }),
  ),
});

type Snapshot = z.infer<typeof snapshotShape>;

export function writeSnapshot(keys: Iterable<KnownKey>): string {
  const snapshot: Snapshot = { version: 1, tenants: {}, keys: [] };
  for (const { keyHash, checkedAtUnixMs, loaded } of keys) {
    const { tenant, apiKeyId, scopes, onDisconnect } = loaded.caller;
    snapshot.tenants[tenant.id] ??= {
      name: tenant.name,
      keySalt: tenant.keySalt,
      defaultProvider: tenant.defaultProvider,
      failurePolicy: tenant.failurePolicy,
      providers: [...tenant.providers.values()].map((settings) => ({
        ...settings,
        credential: settings.credential?.reveal() ?? null,
        deployments: { ...settings.deployments },
      })),
      routes: [...tenant.routes].map(([model, targets]) => [model, [...targets]]),
    };
    snapshot.keys.push({
      keyHash,
      checkedAtUnixMs,
      apiKeyId,
      scopes: [...scopes],
      onDisconnect,
      tenantId: tenant.id,
      expiresAtMs: loaded.expiresAtMs,
    });
  }
  return JSON.stringify(snapshot);
}

/** Throws when the text is not a snapshot of this version. */
export function readSnapshot(text: string): KnownKey[] {
  const snapshot = snapshotShape.parse(JSON.parse(text));
  const tenants = new Map(
    Object.entries(snapshot.tenants).map(([id, tenant]) => {
      const providers = tenant.providers.map((settings): [string, ProviderSettings] => {
        const credential = settings.credential === null ? null : new Secret(settings.credential);
        return [settings.name, { ...settings, credential }];
      });
      return [id, { ...tenant, id, providers: new Map(providers), routes: new Map(tenant.routes) }];
    }),
  );
  return snapshot.keys.flatMap((key) => {
    const tenant = tenants.get(key.tenantId);
    if (tenant === undefined) return [];
    const { keyHash, checkedAtUnixMs, apiKeyId, scopes, onDisconnect, expiresAtMs } = key;
    const caller = { tenant, apiKeyId, scopes, onDisconnect };
    return [{ keyHash, checkedAtUnixMs, loaded: { usable: true, expiresAtMs, caller } }];
  });
}
