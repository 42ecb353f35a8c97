// What each role of the database may do, tried statement by statement, and the golden file of every grant.
import { readFileSync, writeFileSync } from "node:fs";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPool } from "../../../src/postgres/connect.js";
import { TraceWriter } from "../../../workers/persist/writer.js";
import { tryAs } from "../../support/become.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeySalt } from "../../support/exchanges.js";
import { readGrants } from "../../support/grants.js";

const goldenFile = new URL("../grants.golden.txt", import.meta.url);
const acme = "0197a0de-0000-7000-8000-00000000000a";
const other = "0197a0de-0000-7000-8000-00000000000b";

describeWithDatabase("database roles", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let month: string;

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool();
    await pool.query(
      "INSERT INTO loom.tenants (id, name, key_salt) VALUES ($1, 'acme', '\\x01'), ($2, 'other', '\\x02')",
      [acme, other],
    );
    const writer = new TraceWriter({ databaseUrl: database.url, lane: 0, seal: sealTestRow, emit: () => {} });
    for (const tenantId of [acme, acme, other]) {
      const row = rowOf({ tenantId, lane: 0 });
      month = `traces_${new Date(row.createdAtMs).toISOString().slice(0, 7).replace("-", "_")}`;
      writer.add(row, sealedBodiesOf(row), testKeySalt);
    }
    await writer.drain(10_000);
  });
  afterAll(() => database.close());

  it("have exactly the grants of the golden file, on partitions made now as well", async () => {
    await pool.query("SELECT loom.ensure_trace_partitions('2044-01-01T00:00:00Z', 1)");
    const grants = await readGrants(pool);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(goldenFile, grants);
    expect(grants).toBe(readFileSync(goldenFile, "utf8"));
    expect(grants).toContain("traces_2044_01");
  });

  describe("append-only", () => {
    const changes = (table: string) => [
      `UPDATE loom.${table} SET latency_ms = 0`,
      `DELETE FROM loom.${table}`,
      `TRUNCATE loom.${table}`,
    ];

    it("stops the owner and a superuser on the table and on its partitions", async () => {
      for (const statement of [...changes("traces"), ...changes(month), ...changes("traces_default")]) {
        const tried = [await tryAs(pool, "loom_owner", statement, "*"), await tryAs(pool, "none", statement, "*")];
        expect(tried, statement).toEqual(tried.map(() => expect.stringMatching(/is append-only/)));
      }
    });

    it("stops the owner on a partition that was made later, and on one attached by hand", async () => {
      await pool.query("SELECT loom.ensure_trace_partitions('2045-01-01T00:00:00Z', 1)");
      for (const statement of changes("traces_2045_01"))
        expect(await tryAs(pool, "loom_owner", statement)).toMatch(/is append-only/);
      await pool.query(
        `CREATE TABLE loom.by_hand (LIKE loom.traces INCLUDING ALL);
         INSERT INTO loom.by_hand SELECT * FROM loom.traces LIMIT 1;
         ALTER TABLE loom.by_hand DISABLE ROW LEVEL SECURITY;
         UPDATE loom.by_hand SET created_at = '2046-01-05';
         ALTER TABLE loom.traces ATTACH PARTITION loom.by_hand FOR VALUES FROM ('2046-01-01') TO ('2046-02-01')`,
      );
      expect(await tryAs(pool, "none", "UPDATE loom.by_hand SET latency_ms = 0")).toMatch(/is append-only/);
      expect(await tryAs(pool, "none", "DELETE FROM loom.by_hand")).toMatch(/is append-only/);
      await pool.query("DROP TABLE loom.by_hand");
    });

    it("stops the owner on the ledger and on audit events", async () => {
      for (const table of ["ledger_windows", "ledger_keys", "ledger_gaps", "audit_events", "audit_seals"]) {
        for (const statement of [`DELETE FROM loom.${table}`, `TRUNCATE loom.${table}`])
          expect(await tryAs(pool, "loom_owner", statement), statement).toMatch(/is append-only/);
      }
    });
  });

  describe("the writer", () => {
    it("neither reads, changes, empties nor drops what it writes", async () => {
      const refused = [
        "SELECT request_body FROM loom.traces",
        "SELECT tenant_id FROM loom.traces",
        `SELECT id FROM loom.${month}`,
        `INSERT INTO loom.${month} SELECT * FROM loom.${month}`,
        "UPDATE loom.traces SET latency_ms = 0",
        "DELETE FROM loom.traces",
        "TRUNCATE loom.traces",
        "DROP TABLE loom.traces",
        "SELECT * FROM loom.usage_rollups",
        "SELECT * FROM loom.dead_traces",
        "SELECT * FROM loom.api_keys",
        "SELECT credentials FROM loom.provider_configs",
        "UPDATE loom.tenants SET key_salt = NULL",
        "SELECT loom.drop_trace_partition('x', now())",
        "SELECT loom.apply_grants()",
        "CREATE TABLE loom.mine ()",
      ];
      for (const statement of refused)
        expect(await tryAs(pool, "loom_writer", statement), statement).toMatch(/permission denied|must be owner/);
    });

    it("is who the lanes are", async () => {
      const writer = new TraceWriter({ databaseUrl: database.url, lane: 7, seal: sealTestRow, emit: () => {} });
      await pool.query(
        `CREATE TABLE loom.seen (role text);
         CREATE FUNCTION loom.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
           'BEGIN INSERT INTO loom.seen VALUES (current_setting(''role'')); RETURN NULL; END';
         CREATE TRIGGER see AFTER INSERT ON loom.traces FOR EACH STATEMENT EXECUTE FUNCTION loom.see()`,
      );
      const row = rowOf({ tenantId: other });
      writer.add(row, sealedBodiesOf(row), testKeySalt);
      await writer.drain(10_000);
      const { rows } = await pool.query("SELECT DISTINCT role FROM loom.seen");
      await pool.query("DROP TRIGGER see ON loom.traces; DROP FUNCTION loom.see(); DROP TABLE loom.seen");
      expect(rows).toEqual([{ role: "loom_writer" }]);
    });
  });

  describe("the reader", () => {
    const countAs = async (tenant: string | null, table = "traces") =>
      tryAs(pool, "loom_reader", `SELECT count(*)::int AS n FROM loom.${table}`, tenant);

    it("sees the rows of the tenant that it named, and of no other", async () => {
      expect(await countAs(acme)).toEqual([{ n: 2 }]);
      expect(await tryAs(pool, "loom_reader", "SELECT DISTINCT tenant_id FROM loom.traces", acme)).toEqual([
        { tenant_id: acme },
      ]);
      expect(await tryAs(pool, "loom_reader", "SELECT name FROM loom.tenants", other)).toEqual([{ name: "other" }]);
    });

    it("sees nothing without a tenant, with an empty one, with none that is a UUID, and with a star", async () => {
      for (const tenant of [null, "", "acme", "*", `${acme} `]) {
        expect(await countAs(tenant), String(tenant)).toEqual([{ n: 0 }]);
        expect(await countAs(tenant, "usage_rollups")).toEqual([{ n: 0 }]);
        expect(await countAs(tenant, "tenants")).toEqual([{ n: 0 }]);
      }
    });

    it("keeps nothing of the tenant of the transaction before on the same connection", async () => {
      const client = await pool.connect();
      const counts: number[] = [];
      await client.query("SET ROLE loom_reader");
      for (const tenant of [acme, null, other, null]) {
        await client.query("BEGIN");
        if (tenant !== null) await client.query(`SET LOCAL loom.tenant = '${tenant}'`);
        counts.push((await client.query("SELECT count(*)::int AS n FROM loom.traces WHERE lane = 0")).rows[0].n);
        await client.query("COMMIT");
      }
      await client.query("RESET ROLE");
      client.release();
      expect(counts).toEqual([2, 0, 1, 0]);
    });

    it("reads no partition directly, no hash, no salt and no credential, and changes nothing", async () => {
      const refused = [
        `SELECT * FROM loom.${month}`,
        "SELECT * FROM loom.traces_default",
        "SELECT key_salt FROM loom.tenants",
        "SELECT key_hash FROM loom.api_keys",
        "SELECT credentials FROM loom.provider_configs",
        "SELECT sealed_row FROM loom.dead_traces",
        "INSERT INTO loom.audit_events (actor, action) VALUES ('x', 'y')",
        "INSERT INTO loom.traces SELECT * FROM loom.traces",
        "DELETE FROM loom.traces",
      ];
      for (const statement of refused)
        expect(await tryAs(pool, "loom_reader", statement, acme), statement).toMatch(/permission denied/);
    });

    it("would see nothing of a partition even where somebody had granted it", async () => {
      await pool.query(`GRANT SELECT ON loom.${month} TO loom_reader`);
      expect(await countAs(acme, month)).toEqual([{ n: 0 }]);
      await pool.query(`REVOKE SELECT ON loom.${month} FROM loom_reader`);
    });
  });

  it("the owner sees no rows by mistake: only of a tenant that it names, or of all when it says so", async () => {
    const count = (tenant: string | null) =>
      tryAs(pool, "loom_owner", "SELECT count(*)::int AS n FROM loom.traces WHERE lane = 0", tenant);
    expect([await count(null), await count(acme), await count("*")]).toEqual([[{ n: 0 }], [{ n: 2 }], [{ n: 3 }]]);
  });

  it("the auditor reads every trace and the ledger, and changes nothing", async () => {
    const read = await tryAs(pool, "loom_auditor", "SELECT count(*)::int AS n FROM loom.traces WHERE lane = 0");
    expect(read).toEqual([{ n: 3 }]);
    expect(await tryAs(pool, "loom_auditor", "SELECT * FROM loom.ledger_windows")).toBeInstanceOf(Array);
    for (const statement of [
      "SELECT key_salt FROM loom.tenants",
      "DELETE FROM loom.traces",
      "SELECT * FROM loom.api_keys",
    ])
      expect(await tryAs(pool, "loom_auditor", statement), statement).toMatch(/permission denied/);
  });

  it("only the retention role, and whoever owns the schema, may call what drops a partition", async () => {
    const call = "SELECT loom.drop_trace_partition('traces_2044_01', now() - interval '2 days')";
    for (const role of ["loom_writer", "loom_reader", "loom_authenticator", "loom_auditor"])
      expect(await tryAs(pool, role, call)).toMatch(/permission denied/);
    expect(await tryAs(pool, "loom_retention", call)).toMatch(/no partition that ends before/);
    for (const statement of [`DROP TABLE loom.${month}`, "SELECT * FROM loom.traces", "DELETE FROM loom.dead_traces"])
      expect(await tryAs(pool, "loom_retention", statement)).toMatch(/permission denied|must be owner/);
  });

  it("the gateway's connections read keys and settings and nothing that was recorded", async () => {
    const gateway = openPool({ url: database.url, max: 1, applicationName: "test", role: "loom_authenticator" });
    const { rows } = await gateway.query("SELECT current_user::text AS name, count(*)::int AS n FROM loom.tenants");
    expect(rows).toEqual([{ name: "loom_authenticator", n: 2 }]);
    for (const statement of [
      "SELECT id FROM loom.traces",
      "UPDATE loom.api_keys SET revoked_at = NULL",
      "SELECT * FROM loom.dead_traces",
    ])
      await expect(gateway.query(statement)).rejects.toThrow(/permission denied/);
    await gateway.end();
  });
});
