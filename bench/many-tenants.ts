// Thousands of tenants with a key each, put into the database of a running Loom in one transaction.
import { randomBytes } from "node:crypto";
import { uuidv7 } from "uuidv7";
import { makeKey } from "../src/administer/keys.js";
import { openPool } from "../src/postgres/connect.js";

const keySaltBytes = 32;

/** @returns the keys, in no order. */
export async function makeTenants(databaseUrl: string, count: number): Promise<string[]> {
  const rows = Array.from({ length: count }, () => ({ tenantId: uuidv7(), keyId: uuidv7(), ...makeKey() }));
  const pool = openPool({ url: databaseUrl, max: 1, applicationName: "loom bench" });
  try {
    await pool.query(
      `WITH made AS (
         INSERT INTO loom.tenants (id, name, key_salt)
         SELECT t.id, 'bench ' || t.id, t.salt FROM unnest($1::uuid[], $2::bytea[]) AS t (id, salt) RETURNING id)
       INSERT INTO loom.api_keys (id, tenant_id, key_hash, prefix, name)
       SELECT k.id, made.id, k.hash, k.prefix, 'bench'
       FROM unnest($3::uuid[], $1::uuid[], $4::bytea[], $5::text[]) AS k (id, tenant_id, hash, prefix)
       JOIN made ON made.id = k.tenant_id`,
      [
        rows.map(({ tenantId }) => tenantId),
        rows.map(() => randomBytes(keySaltBytes)),
        rows.map(({ keyId }) => keyId),
        rows.map(({ hash }) => hash),
        rows.map(({ prefix }) => prefix),
      ],
    );
  } finally {
    await pool.end();
  }
  return rows.map(({ key }) => key);
}
