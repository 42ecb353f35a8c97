// Migrating on a real server: once, whoever starts at the same time, and never backwards.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate } from "../../../src/postgres/migrate.js";
import { verifyLedger } from "../../../workers/audit.js";
import { openSigner } from "../../../workers/ledger/sign.js";
import { TraceWriter } from "../../../workers/persist/writer.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeySalt } from "../../support/exchanges.js";

describeWithDatabase("migrate", () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await openTestDatabase("empty");
  });

  afterEach(() => database.close());

  it("applies every migration once when five instances start together", async () => {
    const messages: string[] = [];
    const log = (message: string) => messages.push(message);
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate({ url: database.url, log })));
    const applied = results.map((result) => result.applied).filter((names) => names.length > 0);
    expect(applied).toHaveLength(1);
    expect(applied[0]?.slice(0, 2)).toEqual(["0001_tables", "0002_traces"]);
    expect(messages).toContain("waiting for another instance that migrates the database");
    const { rows } = await database.pool(1).query("SELECT name FROM loom.migrations ORDER BY id");
    expect(rows.map((row) => row.name)).toEqual(applied[0]);
  });

  it("leaves a ledger whole that a version without traces.detail has written, and goes on with it", async () => {
    await migrate({ url: database.url });
    const pool = database.pool(1);
    const folder = mkdtempSync(join(tmpdir(), "loom-migrate-"));
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const signer = openSigner(privateKey.export({ format: "pem", type: "pkcs8" }) as string);
    const keyFile = join(folder, "ledger-key.pub");
    writeFileSync(keyFile, publicKey.export({ format: "pem", type: "spki" }));
    const own = { nodeId: "node-1", bootId: randomUUID(), lane: 0 };
    const write = async (detail: string | null, seqs: readonly number[]) => {
      const writer = new TraceWriter({
        databaseUrl: database.url,
        lane: 0,
        seal: sealTestRow,
        ledger: { signer, own },
        emit: () => {},
        isHeld: () => true,
      });
      for (const seq of seqs) {
        const row = rowOf({ ...own, detail, seq });
        writer.add(row, sealedBodiesOf(row), testKeySalt);
      }
      await writer.drain(5000);
    };
    const verify = () => {
      const progress = new SharedArrayBuffer(16);
      const trusted = { keyFiles: [keyFile], checkpointFiles: [], progress };
      return verifyLedger({ databaseUrl: database.url, tenant: null, sinceMs: null, ...trusted });
    };
    await write(null, [1, 2, 3]);
    await pool.query("ALTER TABLE loom.traces DROP COLUMN detail");
    const later = ["0021_detail", "0022_rare_rows"];
    await pool.query("DROP INDEX loom.traces_server_error, loom.traces_slow, loom.traces_costly");
    await pool.query("DELETE FROM loom.migrations WHERE name = ANY ($1)", [later]);
    expect((await migrate({ url: database.url })).applied).toEqual(later);
    expect(await verify()).toMatchObject({ state: "whole", rows: 3, findings: [] });
    await write("{}", [4, 5]);
    expect(await verify()).toMatchObject({ state: "whole", rows: 5, findings: [] });
    rmSync(folder, { recursive: true });
  });

  it("makes the partitions from yesterday's month to the months ahead", async () => {
    await migrate({ url: database.url, now: new Date("2031-01-01T00:00:10Z") });
    const { rows } = await database
      .pool(1)
      .query("SELECT relname FROM pg_class WHERE relname LIKE 'traces\\_20%' AND relkind = 'r' ORDER BY 1");
    expect(rows.map((row) => row.relname)).toEqual([
      "traces_2030_12",
      "traces_2031_01",
      "traces_2031_02",
      "traces_2031_03",
      "traces_2031_04",
    ]);
  });

  it("refuses a database that a newer Loom has migrated, and changes nothing", async () => {
    await migrate({ url: database.url });
    const pool = database.pool(1);
    await pool.query("INSERT INTO loom.migrations (name, run_on) VALUES ('9999_future', now())");
    await expect(migrate({ url: database.url })).rejects.toThrow(/newer Loom \(9999_future\)/);
    const { rows } = await pool.query("SELECT count(*)::int AS n FROM loom.migrations WHERE name = '9999_future'");
    expect(rows[0].n).toBe(1);
  });

  it("leaves nothing behind when a migration fails", async () => {
    const pool = database.pool(1);
    // The second migration makes this table.
    await pool.query("CREATE SCHEMA loom; CREATE TABLE loom.traces (id int)");
    await expect(migrate({ url: database.url })).rejects.toThrow(/could not be migrated: .*"traces" already exists/);
    const { rows } = await pool.query("SELECT to_regclass('loom.tenants') AS tenants");
    expect(rows[0].tenants).toBeNull();
  });

  it("waits for a lock that another session holds", async () => {
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query("SELECT pg_advisory_lock(5505077160071)");
    let isDone = false;
    const migrated = migrate({ url: database.url }).then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isDone).toBe(false);
    await holder.end();
    await migrated;
  });
});
