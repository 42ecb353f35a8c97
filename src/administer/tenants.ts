// Tenants: made once, found by name. Each has a salt of its own, from which all its keys are derived.
import { randomBytes } from "node:crypto";
import { uuidv7 } from "uuidv7";
import { type Actor, loomItself, recordAuditEvent } from "./audit-events.js";
import { type Database, hasSqlState, inTransaction, uniqueViolation } from "./database.js";
import { makeKey } from "./keys.js";
import { Refusal } from "./refusal.js";

export type TenantRow = { readonly id: string; readonly name: string; readonly createdAt: Date };
export type ListedTenant = TenantRow & { readonly erasedAt: Date | null };
export type FoundTenant = TenantRow & {
  /** null after an erasure. */
  readonly keySalt: Buffer | null;
};

/** The tenant of a first start, whose key is shown in the banner. */
const demoName = "demo";
const keySaltBytes = 32;
const nameForm = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._@-]{0,98}[\p{L}\p{N}.])?$/u;

/** @throws Refusal when the name is taken or is no name. */
export async function createTenant(db: Database, name: string, by: Actor = loomItself): Promise<TenantRow> {
  if (!nameForm.test(name)) {
    const fix =
      "Use up to 100 letters, digits, spaces, dots, dashes and underscores; begin and end with a letter or digit.";
    throw new Refusal(`"${printable(name)}" cannot be the name of a tenant.`, fix);
  }
  try {
    return await inTransaction(db, async (tx) => {
      const { rows } = await tx.query<TenantRow>(
        `INSERT INTO loom.tenants (id, name, key_salt) VALUES ($1, $2, $3)
         RETURNING id, name, created_at AS "createdAt"`,
        [uuidv7(), name, randomBytes(keySaltBytes)],
      );
      const tenant = onlyRow(rows);
      const event = { ...by, action: "tenant.create", tenantId: tenant.id, subject: name, details: {} };
      await recordAuditEvent(tx, event);
      return tenant;
    });
  } catch (error) {
    if (!hasSqlState(error, uniqueViolation)) throw error;
    throw new Refusal(`There is a tenant "${name}" already.`, "Choose another name, or see `loom tenant list`.");
  }
}

export async function listTenants(db: Database): Promise<readonly ListedTenant[]> {
  const { rows } = await db.query<ListedTenant>(
    'SELECT id, name, created_at AS "createdAt", erased_at AS "erasedAt" FROM loom.tenants ORDER BY created_at, id',
  );
  return rows;
}

/** @throws Refusal when there is none of that name. */
export async function findTenant(db: Database, name: string): Promise<FoundTenant> {
  const { rows } = await db.query<FoundTenant>(
    'SELECT id, name, created_at AS "createdAt", key_salt AS "keySalt" FROM loom.tenants WHERE name = $1',
    [name],
  );
  const tenant = rows[0];
  if (tenant !== undefined) return tenant;
  const fix = "See `loom tenant list`, or make it with `loom tenant create <name>`.";
  throw new Refusal(`There is no tenant "${printable(name)}".`, fix);
}

/** As findTenant. @throws Refusal also for a tenant that was erased. */
export async function findLivingTenant(db: Database, name: string): Promise<FoundTenant> {
  const tenant = await findTenant(db, name);
  if (tenant.keySalt !== null) return tenant;
  throw new Refusal(`The tenant "${tenant.name}" was erased.`, "Make a new one with `loom tenant create <name>`.");
}

/**
 * Makes the demo tenant with one key, in one statement, so that a crash leaves both or none.
 * The key is returned this once; null when the tenant was there before.
 */
export async function ensureDemoTenant(db: Database): Promise<{ tenant: string; key: string } | null> {
  const made = makeKey();
  const { rowCount } = await db.query(
    `WITH tenant AS (
       INSERT INTO loom.tenants (id, name, key_salt) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING id),
     event AS (
       INSERT INTO loom.audit_events (actor, action, tenant_id, subject, details)
       SELECT $7, 'tenant.create', id, $2, jsonb_build_object('key', $6::text) FROM tenant)
     INSERT INTO loom.api_keys (id, tenant_id, key_hash, prefix, name) SELECT $4, id, $5, $6, $2 FROM tenant`,
    [uuidv7(), demoName, randomBytes(keySaltBytes), uuidv7(), made.hash, made.prefix, loomItself.actor],
  );
  return rowCount === 1 ? { tenant: demoName, key: made.key } : null;
}

function printable(name: string): string {
  return name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?").slice(0, 100);
}

function onlyRow<Row>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined) throw new Error("The database returned no row for an insert.");
  return row;
}
