// Tenants with keys for seeded traces: made when they are missing, so that a second seeding adds to the first.
import { type Actor, recordAuditEvent } from "./audit-events.js";
import type { Database } from "./database.js";
import { createKey, listKeys } from "./keys.js";
import { createTenant, findLivingTenant, listTenants } from "./tenants.js";

export type SeedTenant = { readonly id: string; readonly keySalt: string; readonly keyIds: readonly string[] };

export type SeedPlan = {
  readonly tenants: readonly SeedTenant[];
  readonly rows: number;
  readonly days: number;
  readonly seed: number;
  /** Unix ms of the newest row. */
  readonly endMs: number;
  /** One Int32: the rows made so far. */
  readonly progress: SharedArrayBuffer;
};

/** workers/seed.ts, with the master keys and the ledger's key. */
export type SeedTraces = (plan: SeedPlan) => Promise<void>;

const keyNames = ["web", "batch", "agents"];

/** The tenants `seed-01` to `seed-<count>`, each with keys, and one more key of the first that may read bodies. */
export async function prepareSeedTenants(
  db: Database,
  count: number,
  by: Actor,
): Promise<{ readonly tenants: readonly SeedTenant[]; readonly name: string; readonly key: string }> {
  const known = new Set((await listTenants(db)).map(({ name }) => name));
  const tenants: SeedTenant[] = [];
  for (let number = 1; number <= count; number += 1) {
    const name = nameOf(number);
    if (!known.has(name)) {
      const { id } = await createTenant(db, name, by);
      for (const key of keyNames) await createKey(db, { tenantId: id, name: key, scopes: [], expiresAt: null }, by);
    }
    const { id, keySalt } = await findLivingTenant(db, name);
    const keyIds = (await listKeys(db, id)).map((key) => key.id);
    tenants.push({ id, keySalt: keySalt?.toString("base64") ?? "", keyIds });
  }
  const made = { tenantId: tenants[0]?.id ?? "", name: "dashboard", scopes: ["bodies:read"], expiresAt: null };
  const { key } = await createKey(db, made, by);
  return { tenants, name: nameOf(1), key };
}

function nameOf(number: number): string {
  return `seed-${String(number).padStart(2, "0")}`;
}

const dayMs = 86_400_000;
const foldRows = 200_000;

/** Makes the partitions of the time that the rows will lie in. */
export async function makeSeedPartitions(db: Database, days: number, endMs: number): Promise<void> {
  const months = Math.ceil(days / 28) + 1;
  await db.query("SELECT loom.ensure_trace_partitions($1, $2)", [new Date(endMs - days * dayMs).toISOString(), months]);
}

/** Adds the rollups up, as a running gateway does by the clock, and gives the planner its figures. */
export async function settleSeeded(db: Database, by: Actor, details: Readonly<Record<string, unknown>>): Promise<void> {
  for (;;) {
    const { rows } = await db.query<{ taken: string }>("SELECT loom.fold_usage($1) AS taken", [foldRows]);
    if (Number(rows[0]?.taken ?? 0) === 0) break;
  }
  for (const table of ["traces", "usage_rollups", "usage_sums"]) await db.query(`VACUUM (ANALYZE) loom.${table}`);
  await recordAuditEvent(db, { ...by, action: "trace.seed", tenantId: null, subject: null, details });
}
