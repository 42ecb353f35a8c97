// The demo tenant: made with a key in a database without any tenant, so that a newcomer has something to call.
import { createHash } from "node:crypto";
import type { Database } from "./database.js";
import { createKey } from "./keys.js";
import { ensureDemoTenant, findTenant, listTenants } from "./tenants.js";

export type DemoKey = { readonly key: string; readonly tenant: string };

const demoTenant = "demo";

type KeyStanding = "usable" | "unusable" | "unknown";

async function standingOf(db: Database, key: string): Promise<KeyStanding> {
  const { rows } = await db.query<{ usable: boolean }>(
    `SELECT revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS usable
       FROM loom.api_keys WHERE key_hash = $1`,
    [createHash("sha256").update(key).digest()],
  );
  const [row] = rows;
  if (row === undefined) return "unknown";
  return row.usable ? "usable" : "unusable";
}

/**
 * The demo key for this home. `known` is the one that the home remembers, or null. A revoked key stays revoked: then,
 * and where an operator has made tenants but no demo, the answer is null.
 */
export async function prepareDemoTenant(db: Database, known: string | null): Promise<DemoKey | null> {
  if (known !== null) {
    const standing = await standingOf(db, known);
    if (standing === "usable") return { key: known, tenant: demoTenant };
    if (standing === "unusable") return null;
  }
  const tenants = await listTenants(db);
  if (tenants.length === 0) {
    const made = await ensureDemoTenant(db);
    if (made !== null) return made;
  } else if (!tenants.some((tenant) => tenant.name === demoTenant)) {
    return null;
  }
  // The tenant is there and this home does not know its key, which cannot be shown twice.
  const { id } = await findTenant(db, demoTenant);
  const { key } = await createKey(db, { tenantId: id, name: "demo", scopes: [], expiresAt: null });
  return { key, tenant: demoTenant };
}
