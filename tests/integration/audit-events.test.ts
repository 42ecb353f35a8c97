// Who changed what is written with the change itself, numbered and chained by the database.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recordAuditEvent } from "../../src/administer/audit-events.js";
import { inTransaction } from "../../src/administer/database.js";
import { createKey, revokeKey } from "../../src/administer/keys.js";
import { setRoute } from "../../src/administer/model-routes.js";
import { createTenant } from "../../src/administer/tenants.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";

describeWithDatabase("audit events", () => {
  let database: TestDatabase;
  const by = { actor: "cli:ada", origin: "host-1" };

  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.close());

  it("leaves one event for each change, in the transaction of the change", async () => {
    const pool = database.pool(2);
    const tenant = await createTenant(pool, "acme", by);
    const { prefix } = await createKey(pool, { tenantId: tenant.id, name: "ci", scopes: [], expiresAt: null }, by);
    await setRoute(pool, { tenantId: tenant.id, model: "fast", targets: ["openai/gpt-4o"] }, by);
    await revokeKey(pool, prefix, by);
    await expect(createTenant(pool, "acme", by)).rejects.toThrow(/already/);
    const { rows } = await pool.query(
      "SELECT number::int, actor, origin, action, tenant_id, subject FROM loom.audit_events ORDER BY number",
    );
    const common = { actor: "cli:ada", origin: "host-1", tenant_id: tenant.id };
    expect(rows).toEqual([
      { number: 1, ...common, action: "tenant.create", subject: "acme" },
      { number: 2, ...common, action: "key.create", subject: prefix },
      { number: 3, ...common, action: "route.set", subject: "fast" },
      { number: 4, ...common, action: "key.revoke", subject: prefix },
    ]);
  });

  it("keeps no event of a change that was rolled back", async () => {
    const pool = database.pool(1);
    const before = await countEvents();
    const event = { ...by, action: "x.y", tenantId: null, subject: null, details: {} };
    const failing = inTransaction(pool, async (tx) => {
      await recordAuditEvent(tx, event);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await countEvents()).toBe(before);
  });

  it("chains events without a fork while many write at once", async () => {
    const pool = database.pool(8);
    const event = { ...by, action: "x.y", tenantId: null, subject: "ünï", details: { a: [1, null, "\u2028"] } };
    await Promise.all(Array.from({ length: 40 }, () => recordAuditEvent(pool, event)));
    const { rows } = await pool.query<{ number: string; prev_hash: Buffer; hash: Buffer }>(
      "SELECT number, prev_hash, hash FROM loom.audit_events ORDER BY number",
    );
    expect(rows.map((row) => Number(row.number))).toEqual(rows.map((_, index) => index + 1));
    rows.forEach((row, index) => {
      expect(row.prev_hash).toEqual(rows[index - 1]?.hash ?? Buffer.alloc(32));
    });
    expect(new Set(rows.map((row) => row.hash.toString("hex"))).size).toBe(rows.length);
    expect(rows[0]?.hash).toHaveLength(createHash("sha256").digest().length);
  });

  it("refuses to change or remove an event, also for the owner of the table", async () => {
    const pool = database.pool(1);
    await expect(pool.query("UPDATE loom.audit_events SET actor = 'x'")).rejects.toThrow(/append-only/);
    await expect(pool.query("DELETE FROM loom.audit_events")).rejects.toThrow(/append-only/);
    await expect(pool.query("TRUNCATE loom.audit_events")).rejects.toThrow(/append-only/);
  });

  async function countEvents(): Promise<number> {
    const { rows } = await database.pool(1).query<{ n: number }>("SELECT count(*)::int AS n FROM loom.audit_events");
    return rows[0]?.n ?? -1;
  }
});
