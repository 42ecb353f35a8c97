// The erasure of a tenant: its salt is destroyed, so that no key can ever be derived for it again. Rows, rollups and
// ledger stay and stay valid; what they hold of bodies is noise from here on.
import { type Actor, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";
import { isHeld } from "./legal-holds.js";
import { purgeSalts } from "./purge-salts.js";
import { Refusal } from "./refusal.js";
import { findTenant } from "./tenants.js";

export type Erasure = {
  readonly tenant: string;
  readonly id: string;
  /** Client keys that this erasure revoked. */
  readonly keysRevoked: number;
  /** Sealed provider keys that this erasure removed. */
  readonly credentialsRemoved: number;
  /** When this call's change was kept. */
  readonly erasedAt: Date;
  /** Whether it was erased before; then only what the server still kept of it was looked for again. */
  readonly again: boolean;
  /** Sentences on what of the salt this server may still hold; empty when nothing is left of it there. */
  readonly remains: readonly string[];
};

/**
 * Cannot be undone. May be called again for a tenant that is erased, to purge what a first call had to leave.
 * `waitMs` bounds the wait for transactions that can still read what was there. `db` must not be in a transaction. @throws Refusal for an unknown tenant and for one under legal hold.
 */
export async function eraseTenant(
  db: Database,
  name: string,
  { by, waitMs }: { by: Actor; waitMs: number },
): Promise<Erasure> {
  const { id, name: tenant, keySalt } = await findTenant(db, name);
  const erased = await inTransaction(db, (tx) => destroySalt(tx, { id, tenant }, by));
  const erasedAt = new Date();
  const remains = await purgeSalts(db, waitMs);
  return { tenant, id, ...erased, erasedAt, again: keySalt === null, remains };
}

async function destroySalt(tx: Database, { id, tenant }: { id: string; tenant: string }, by: Actor) {
  await tx.query("SELECT FROM loom.tenants WHERE id = $1 FOR UPDATE", [id]);
  if (await isHeld(tx, id)) {
    throw new Refusal(`"${tenant}" is under legal hold.`, `Lift it first: loom tenant hold ${tenant} off.`);
  }
  // The trigger of each table tells every process.
  const salt = await tx.query(
    "UPDATE loom.tenants SET key_salt = NULL, erased_at = coalesce(erased_at, now()) WHERE id = $1 AND erased_at IS NULL",
    [id],
  );
  const keys = await tx.query(
    "UPDATE loom.api_keys SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL",
    [id],
  );
  const credentials = await tx.query(
    "UPDATE loom.provider_configs SET credentials = NULL WHERE tenant_id = $1 AND credentials IS NOT NULL",
    [id],
  );
  const counts = { keysRevoked: keys.rowCount ?? 0, credentialsRemoved: credentials.rowCount ?? 0 };
  if (salt.rowCount === 1) {
    await recordAuditEvent(tx, { ...by, action: "tenant.erase", tenantId: id, subject: tenant, details: counts });
  }
  return counts;
}
