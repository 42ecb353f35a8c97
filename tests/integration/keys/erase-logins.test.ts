// The erasure of a tenant by a login that is no superuser, on a server of its own: what it may not do itself it says,
// and a superuser who does what it said leaves no byte of the salt in any file.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eraseTenant } from "../../../src/administer/erase-tenant.js";
import { createTenant } from "../../../src/administer/tenants.js";
import { openPool } from "../../../src/postgres/connect.js";
import { findRoot } from "../../../src/postgres/embedded-place.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/postgres/embedded-postgres.js";
import { migrate } from "../../../src/postgres/migrate.js";
import { describeWithEmbedded } from "../../support/database.js";
import { findBytes } from "../../support/embedded-gateway.js";
import { replaceDatabase, runStatement } from "../../support/test-server.js";

describeWithEmbedded("an erasure by a login that is no superuser", () => {
  let home: string;
  let server: EmbeddedPostgres;
  const by = { actor: "cli:ada", origin: null };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "loom-erase-"));
    server = await startEmbeddedPostgres({ home, durable: false });
  });
  afterAll(async () => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  async function withPool<Answer>(url: string, work: (pool: pg.Pool) => Promise<Answer>): Promise<Answer> {
    const pool = openPool({ url, max: 1, applicationName: "test", tenants: "all" });
    try {
      return await work(pool);
    } finally {
      await pool.end();
    }
  }

  const findSalt = async (salt: Buffer) => {
    const root = await findRoot(home);
    return findBytes([...new Set([home, root])], { salt });
  };

  it.each([
    { what: "that may make roles", login: "maker", owns: true, attributes: "CREATEROLE" },
    { what: "that owns the tables", login: "plain", owns: true, attributes: "" },
    { what: "that was granted rights on the tables", login: "clerk", owns: false, attributes: "BYPASSRLS" },
  ])(
    "says what is left for a superuser, as a login $what",
    {
      timeout: 60_000,
    },
    async ({ login, owns, attributes }) => {
      await runStatement(server.url, `CREATE ROLE ${login} LOGIN ${attributes}`);
      await runStatement(server.url, `CREATE DATABASE of_${login} ${owns ? `OWNER ${login}` : ""}`);
      const own = replaceDatabase(server.url, `of_${login}`);
      const url = new URL(own);
      url.username = login;
      await migrate({ url: owns ? url.href : own });
      if (!owns) {
        const grants = `GRANT USAGE ON SCHEMA loom TO ${login}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA loom TO ${login}`;
        for (const grant of grants.split("; ")) await runStatement(own, grant);
      }
      const salt = await withPool(url.href, async (pool) => {
        await createTenant(pool, "acme", by);
        const { rows } = await pool.query("SELECT key_salt FROM loom.tenants WHERE name = 'acme'");
        return rows[0].key_salt as Buffer;
      });
      await runStatement(own, "CHECKPOINT");
      expect(await findSalt(salt)).not.toEqual([]);
      const { remains } = await withPool(url.href, (pool) => eraseTenant(pool, "acme", { by, waitMs: 5000 }));
      const left = await findSalt(salt);
      const isTold = (part: string) => remains.some((sentence) => sentence.includes(part));
      const isLeft = (folder: string) => left.some((hit) => hit.includes(folder));
      expect([isTold("write-ahead log"), isLeft("/pg_wal/")]).toEqual([true, true]);
      expect(isTold("file of loom.tenants: VACUUM (FULL) loom.tenants as its owner")).toBe(!owns);
      if (owns) expect(isLeft("/base/")).toBe(false);

      const again = await withPool(own, (pool) => eraseTenant(pool, "acme", { by, waitMs: 5000 }));
      expect([again.again, again.remains]).toEqual([true, []]);
      expect(await findSalt(salt)).toEqual([]);
    },
  );
});
