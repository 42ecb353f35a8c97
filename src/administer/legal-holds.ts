// Legal holds: a tenant on hold keeps its traces, whatever the retention says. Placing and lifting one leaves an event.
import { type Actor, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";

export type LegalHold = { readonly tenant: string; readonly placedAt: Date; readonly placedBy: string };

export type HoldState = "on" | "off";

/** False when it was so before; then no event is left. */
export function setHold(
  db: Database,
  tenant: { readonly id: string; readonly name: string },
  state: HoldState,
  by: Actor,
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const { rowCount } =
      state === "on"
        ? await tx.query(
            "INSERT INTO loom.legal_holds (tenant_id, placed_by) VALUES ($1, $2) ON CONFLICT (tenant_id) DO NOTHING",
            [tenant.id, by.actor],
          )
        : await tx.query("DELETE FROM loom.legal_holds WHERE tenant_id = $1", [tenant.id]);
    if (rowCount === 0) return false;
    const action = state === "on" ? "hold.place" : "hold.lift";
    await recordAuditEvent(tx, { ...by, action, tenantId: tenant.id, subject: tenant.name, details: {} });
    return true;
  });
}

/** Whether what belongs to the tenant must stay. Give the client of the transaction that would remove it. */
export async function isHeld(db: Database, tenantId: string): Promise<boolean> {
  const { rowCount } = await db.query("SELECT FROM loom.legal_holds WHERE tenant_id = $1", [tenantId]);
  return (rowCount ?? 0) > 0;
}

export async function listHolds(db: Database): Promise<readonly LegalHold[]> {
  const { rows } = await db.query<LegalHold>(
    `SELECT t.name AS tenant, h.placed_at AS "placedAt", h.placed_by AS "placedBy"
       FROM loom.legal_holds h JOIN loom.tenants t ON t.id = h.tenant_id ORDER BY t.name`,
  );
  return rows;
}
