// What happens to a tenant's requests while nothing can be recorded. A change leaves an event.
import type { FailurePolicy } from "../config/tenant.js";
import { type Actor, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";

/** False when it was so before; then no event is left. */
export function setFailurePolicy(
  db: Database,
  tenant: { readonly id: string; readonly name: string },
  policy: FailurePolicy,
  by: Actor,
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const { rowCount } = await tx.query(
      "UPDATE loom.tenants SET failure_policy = $2 WHERE id = $1 AND failure_policy <> $2",
      [tenant.id, policy],
    );
    if (rowCount === 0) return false;
    const action = "tenant.failure_policy";
    await recordAuditEvent(tx, { ...by, action, tenantId: tenant.id, subject: tenant.name, details: { policy } });
    return true;
  });
}
