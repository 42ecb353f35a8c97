// Every right that a role has on Loom's schema, as text: what tests/integration/grants.golden.txt is held against.
import type pg from "pg";

const grantsText = `
  SELECT 'schema loom' AS object, a.grantee, a.privilege_type AS privilege
    FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    WHERE n.nspname = 'loom' AND a.grantee <> n.nspowner
  UNION ALL
  SELECT c.relname, a.grantee, a.privilege_type
    FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
    WHERE c.relnamespace = 'loom'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.grantee <> c.relowner
  UNION ALL
  SELECT c.relname || '.' || t.attname, a.grantee, a.privilege_type
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
    WHERE c.relnamespace = 'loom'::regnamespace
  UNION ALL
  SELECT p.oid::regprocedure::text, a.grantee, a.privilege_type
    FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE p.pronamespace = 'loom'::regnamespace AND a.grantee <> p.proowner`;

const tablesText = `
  SELECT c.relname AS name, c.relowner::regrole::text AS owner,
    CASE WHEN c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'on' ELSE 'off' END AS security,
    (SELECT coalesce(string_agg(t.tgname, ', ' ORDER BY t.tgname), '-') FROM pg_trigger t
      WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgname LIKE ANY (ARRAY['%append_only', '%keep_rows'])) AS triggers
  FROM pg_class c WHERE c.relnamespace = 'loom'::regnamespace AND c.relkind IN ('r', 'p')`;

const policiesText = `
  SELECT tablename || ' ' || policyname || ': ' || cmd || ' to ' || array_to_string(roles, ', ')
    || coalesce(' using ' || qual, '') || coalesce(' with check ' || with_check, '') AS line
  FROM pg_policies WHERE schemaname = 'loom'`;

/** Partitions of the months ahead have other names next month; those of 2040 and later are made by tests. */
const namesOfTheDay = /^traces_20[23]\d_\d\d/;

export async function readGrants(pool: pg.Pool): Promise<string> {
  const tables = await pool.query<{ name: string; owner: string; security: string; triggers: string }>(tablesText);
  const grants = await pool.query<{ object: string; role: string; privileges: string }>(
    `SELECT object, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role,
            string_agg(privilege, ', ' ORDER BY privilege) AS privileges
       FROM (${grantsText}) g GROUP BY object, grantee`,
  );
  const policies = await pool.query<{ line: string }>(policiesText);
  const lines = (title: string, texts: readonly string[]) => [
    title,
    ...[...new Set(texts)].sort().map((t) => `  ${t}`),
  ];
  const named = (name: string) => name.replace(namesOfTheDay, "traces_<month>");
  return `${[
    ...lines(
      "tables: owner, row security, triggers that keep rows",
      tables.rows.map((row) => `${named(row.name)}: ${row.owner}, ${row.security}, ${row.triggers}`),
    ),
    ...lines(
      "grants to others than the owner",
      grants.rows.map((row) => `${row.role}: ${named(row.object)}: ${row.privileges}`),
    ),
    ...lines(
      "policies",
      policies.rows.map((row) => row.line),
    ),
  ].join("\n")}\n`;
}
