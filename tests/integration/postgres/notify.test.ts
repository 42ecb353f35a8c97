// A change of what a key may do is announced to every process, naming the tenant and nothing else.
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../../support/database.js";

const tenant = "0197a0de-0000-7000-8000-000000000001";
const key = "0197a0de-0000-7000-8000-000000000002";

describeWithDatabase("change notifications", () => {
  let database: TestDatabase;
  let listener: pg.Client;

  beforeAll(async () => {
    database = await openTestDatabase();
    listener = new pg.Client({ connectionString: database.url });
    await listener.connect();
  });

  afterAll(async () => {
    await listener.end();
    await database.close();
  });

  it("arrive for every table that a cache depends on", async () => {
    const seen: unknown[] = [];
    listener.on("notification", ({ payload }) => seen.push(JSON.parse(payload ?? "")));
    await listener.query("LISTEN loom_changed");
    const pool = database.pool(1);
    await pool.query("INSERT INTO loom.tenants (id, name) VALUES ($1, 'acme')", [tenant]);
    await pool.query(
      "INSERT INTO loom.api_keys (id, tenant_id, key_hash, prefix) VALUES ($1, $2, '\\x00', 'sk-loom-x')",
      [key, tenant],
    );
    await pool.query("UPDATE loom.api_keys SET revoked_at = now() WHERE id = $1", [key]);
    await pool.query("INSERT INTO loom.provider_configs (tenant_id, provider, kind) VALUES ($1, 'p', 'openai')", [
      tenant,
    ]);
    await pool.query("INSERT INTO loom.model_routes (tenant_id, model, targets) VALUES ($1, 'm', '{p/m}')", [tenant]);
    await pool.query("DELETE FROM loom.model_routes");
    const tables = ["tenants", "api_keys", "api_keys", "provider_configs", "model_routes", "model_routes"];
    await expect.poll(() => seen).toEqual(tables.map((table) => ({ table, tenant })));
  });
});
