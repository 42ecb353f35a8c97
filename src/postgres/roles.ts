// The roles of the database: who may act as which, and taking one on. Every connection of Loom logs in as the same
// user and then becomes the role that its work needs, where the login may; elsewhere it keeps the login's own rights.
import type pg from "pg";

export type DatabaseRole = "loom_writer" | "loom_authenticator" | "loom_reader" | "loom_auditor" | "loom_retention";

/** Also a pool, for what is said of the database and not of the session. */
type Client = Pick<pg.Pool, "query">;

/**
 * Takes on a role for the rest of the session or of the transaction. False, without an error, where the role is
 * missing, has no rights in this database, or is not the login's to take.
 */
export async function assumeRole(
  client: Client,
  role: DatabaseRole,
  until: "session" | "transaction" = "session",
): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT set_config('role', r.rolname, $2) FROM pg_roles r
      WHERE r.rolname = $1 AND has_schema_privilege(r.oid, to_regnamespace('loom'), 'USAGE')
        AND pg_has_role(session_user, r.oid,
          CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)`,
    [role, until === "transaction"],
  );
  return rowCount === 1;
}

/** Makes the owner and superusers of this session see the rows of all tenants, where row security is forced on them. */
export async function seeAllTenants(client: Client): Promise<void> {
  await client.query("SELECT set_config('loom.tenant', '*', false)");
}

/** True when COPY into loom.traces would be refused to this session because row security applies to it. */
export async function isCopyRefused(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ refused: boolean | null }>(
    "SELECT row_security_active(to_regclass('loom.traces')) AS refused",
  );
  return rows[0]?.refused === true;
}

/**
 * Makes the roles and their grants when they are due: after a migration, and when a role has come since. Needs the
 * migration lock. Resolves to what an operator should know, or null.
 */
export async function settleRoles(client: Client, hasMigrated: boolean): Promise<string | null> {
  if (await managesSchema(client)) {
    await client.query("SELECT loom.ensure_roles()");
    if (hasMigrated || (await areGrantsDue(client))) await client.query("SELECT loom.apply_grants()");
  }
  const { rows } = await client.query<{ name: string }>(
    "SELECT name FROM unnest(loom.role_names()) name WHERE NOT loom.may_act_as(name) AND name <> ALL ($1)",
    // Nothing that a gateway does by itself needs these.
    [["loom_owner", "loom_reader", "loom_auditor"]],
  );
  if (rows.length === 0) return null;
  const names = rows.map(({ name }) => name).join(", ");
  return `The database login may not act as ${names}: Loom uses the login's own rights there. docs/database-roles.md tells how to change that.`;
}

async function managesSchema(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ manages: boolean }>(
    "SELECT pg_has_role(session_user, nspowner, 'USAGE') AS manages FROM pg_namespace WHERE nspname = 'loom'",
  );
  return rows[0]?.manages === true;
}

/** A role that came after the last migration has no rights in this database yet. */
async function areGrantsDue(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ due: boolean }>(
    `SELECT coalesce(bool_or(NOT has_schema_privilege(r.oid, 'loom', 'USAGE')), false) AS due
       FROM pg_roles r WHERE r.rolname = ANY (loom.role_names())`,
  );
  return rows[0]?.due === true;
}
