// A tenant's aliases: a model name that clients ask for, and the targets that are tried for it in order.
import { type Actor, loomItself, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";

export type RouteRow = {
  readonly tenant: string;
  /** The alias that clients ask for. */
  readonly model: string;
  /** Ordered `provider/model` strings. */
  readonly targets: readonly string[];
  readonly updatedAt: Date;
};

/** Makes or replaces one alias. */
export async function setRoute(
  db: Database,
  { tenantId, model, targets }: { tenantId: string; model: string; targets: readonly string[] },
  by: Actor = loomItself,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    await tx.query(
      `INSERT INTO loom.model_routes (tenant_id, model, targets) VALUES ($1, $2, $3)
       ON CONFLICT (tenant_id, model) DO UPDATE SET targets = excluded.targets, updated_at = now()`,
      [tenantId, model, targets],
    );
    await recordAuditEvent(tx, { ...by, action: "route.set", tenantId, subject: model, details: { targets } });
  });
}

/** The aliases of one tenant, or of all when `tenantId` is null. */
export async function listRoutes(db: Database, tenantId: string | null): Promise<readonly RouteRow[]> {
  const { rows } = await db.query<RouteRow>(
    `SELECT t.name AS tenant, r.model, r.targets, r.updated_at AS "updatedAt"
     FROM loom.model_routes r JOIN loom.tenants t ON t.id = r.tenant_id
     WHERE $1::uuid IS NULL OR r.tenant_id = $1
     ORDER BY t.name, r.model`,
    [tenantId],
  );
  return rows;
}
