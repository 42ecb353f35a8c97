// Who read or changed what: one row of loom.audit_events for each. The database numbers and chains the rows; the
// gateway signs the chain (workers/ledger).
import type { Database } from "./database.js";

/** Who does it, and from where. */
export type Actor = {
  /** `cli:<user>`, `key:<prefix>`, or `loom` for what the gateway does by itself. */
  readonly actor: string;
  /** A host name or an address; null when there is none to tell. */
  readonly origin: string | null;
};

export type AuditEvent = Actor & {
  /** A noun and a verb: `tenant.create`, `key.revoke`, `body.open`, `retention.drop`. */
  readonly action: string;
  readonly tenantId: string | null;
  /** Which key, trace, provider or partition; never a secret. */
  readonly subject: string | null;
  readonly details: Readonly<Record<string, unknown>>;
};

/** The actor of changes that nobody asked for: the demo tenant of a first start, a retention run by the clock. */
export const loomItself: Actor = { actor: "loom", origin: null };

/** For an event and its change to land together, give the client whose transaction makes the change. */
export async function recordAuditEvent(db: Database, event: AuditEvent): Promise<void> {
  const { actor, action, tenantId, subject, details, origin } = event;
  await db.query(
    `INSERT INTO loom.audit_events (actor, action, tenant_id, subject, details, origin)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [actor, action, tenantId, subject, JSON.stringify(details), origin],
  );
}
