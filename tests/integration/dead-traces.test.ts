// Rows that Postgres refused, from the command line: listed, opened with their tenant's key, and recorded after all
// once what stood against them is gone.
import { generateKeyPairSync } from "node:crypto";
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { callDeadRows } from "../../src/dead-rows.js";
import type { WorkerCalls } from "../../src/hand-off/worker-calls.js";
import type { Outcome } from "../../src/trace/record.js";
import { type DeadRowInput, openDeadRow, type RetryInput, retryDeadRow } from "../../workers/dead-rows.js";
import { splitLeaf } from "../../workers/ledger/leaf.js";
import { openSigner } from "../../workers/ledger/sign.js";
import type { TraceRow } from "../../workers/persist/trace-row.js";
import { TraceWriter } from "../../workers/persist/writer.js";
import { clearTraces } from "../support/clear-traces.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import {
  rowOf,
  sealedBodiesOf,
  sealTestRow,
  testBoot,
  testKeySalt,
  testMasterKeys,
  testNode,
} from "../support/exchanges.js";
import { makeTools, noSeed } from "../unit/src/cli/fake-tools.js";

const ledgerKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();

describeWithDatabase("dead traces", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let lastSeq = 0;

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool();
    const { tenantId } = rowOf();
    await pool.query("INSERT INTO loom.tenants (id, name, key_salt) VALUES ($1, 'acme', decode($2, 'base64'))", [
      tenantId,
      testKeySalt,
    ]);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await clearTraces(pool, "audit_events", "ledger_windows", "ledger_keys");
    await pool.query("UPDATE loom.tenants SET key_salt = decode($1, 'base64')", [testKeySalt]);
  });

  /** The exports of workers/dead-rows.ts, on this thread. */
  const call = async (name: string, input: unknown): Promise<unknown> =>
    name === "openDeadRow" ? openDeadRow(input as DeadRowInput) : retryDeadRow(input as RetryInput);
  const deadRows = () =>
    callDeadRows({
      worker: { call: call as WorkerCalls["call"], stop: () => Promise.resolve() },
      databaseUrl: database.url,
      readMasterKeys: () => Promise.resolve(testMasterKeys),
      readLedgerKey: () => Promise.resolve(ledgerKey),
    });
  const loom = (line: string) =>
    makeTools({
      env: { USER: "ada" },
      withDatabase: (_config, work) =>
        work(pool, {
          sealCredential: () => Promise.reject(new Error("nothing is sealed here")),
          resealCredential: async () => null,
          deadRows: deadRows(),
          seedTraces: noSeed,
        }),
    }).run(...line.split(" "));
  const count = async (text: string) => (await pool.query<{ n: number }>(`SELECT (${text})::int AS n`)).rows[0]?.n;
  const actions = async () =>
    (await pool.query<{ action: string }>("SELECT action FROM loom.audit_events ORDER BY number")).rows.map(
      (row) => row.action,
    );

  /** One row that is refused, among others; its id. */
  const setOneAside = async (changed: Partial<TraceRow> = {}, seal = sealTestRow) => {
    const own = { nodeId: testNode, bootId: testBoot, lane: 3 };
    const ledger = { signer: openSigner(ledgerKey), own };
    const writer = new TraceWriter({ databaseUrl: database.url, lane: 3, seal, ledger, emit: () => {} });
    const rows = [rowOf(), rowOf({ outcome: "bogus" as Outcome, model: "gpt-bad" }), rowOf()].map((row) => {
      lastSeq += 1;
      return { ...row, ...own, seq: lastSeq, ...changed };
    });
    for (const row of rows) writer.add(row, sealedBodiesOf(row), testKeySalt);
    await writer.drain(10_000);
    return rows[1]?.id ?? "";
  };
  /** From now on what stood against the row is gone. */
  const allow = async (work: () => Promise<void>) => {
    const { rows } = await pool.query<{ definition: string }>(
      "SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'traces_outcome_check' AND conrelid = 'loom.traces'::regclass",
    );
    await pool.query("ALTER TABLE loom.traces DROP CONSTRAINT traces_outcome_check");
    await work();
    await clearTraces(pool);
    await pool.query(`ALTER TABLE loom.traces ADD CONSTRAINT traces_outcome_check ${rows[0]?.definition ?? ""}`);
  };

  it("are listed with the reason and opened without their bodies, which leaves an event", async () => {
    expect((await loom("dead list")).out).toBe("No row lies aside.\n");
    const id = await setOneAside();
    const list = await loom("dead list --tenant acme");
    expect(list.out).toMatch(new RegExp(`${id} +acme .* 23514 +.*traces_outcome_check`));
    const shown = JSON.parse((await loom(`dead show ${id}`)).out);
    expect(shown).toMatchObject({ id, tenant: "acme", row: { id, outcome: "bogus", model: "gpt-bad" } });
    expect(Object.keys(shown.row).filter((name) => /body|sealed|iv$/i.test(name))).toEqual([]);
    expect(await actions()).toEqual(["dead.open"]);
    expect((await loom("dead show 0197a0de-0000-7000-8000-00000000000a")).error).toMatch(/No row with the id/);
    expect((await loom("dead show x")).code).toBe(1);
  });

  it("stay where they are, with the new reason told, when they are refused again", async () => {
    const id = await setOneAside();
    const again = await loom(`dead retry ${id}`);
    expect(again).toMatchObject({ code: 1, error: expect.stringMatching(/traces_outcome_check/) });
    expect(JSON.parse((await loom("dead retry --all --json")).out)).toEqual([
      { id, result: expect.stringMatching(/^refused: .*traces_outcome_check/) },
    ]);
    expect([await count("SELECT count(*) FROM loom.dead_traces"), await actions()]).toEqual([1, []]);
    expect((await loom("dead retry")).code).toBe(2);
    expect((await loom(`dead retry ${id} --all`)).code).toBe(2);
  });

  it("become rows with their sums and a window when what stood against them is gone, once", async () => {
    const id = await setOneAside();
    const windows = await count("SELECT count(*) FROM loom.ledger_windows");
    await allow(async () => {
      expect((await loom(`dead retry ${id}`)).out).toBe(`${id}: inserted\n`);
      expect(await count(`SELECT count(*) FROM loom.traces WHERE id = '${id}' AND leaf_hash IS NOT NULL`)).toBe(1);
      expect(await count("SELECT sum(requests) FROM loom.usage_rollups")).toBe(3);
      expect(await count("SELECT count(*) FROM loom.ledger_windows")).toBe((windows ?? 0) + 1);
      expect(await count("SELECT count(*) FROM loom.dead_traces")).toBe(0);
      expect(await actions()).toEqual(["dead.retry"]);
      expect((await loom(`dead retry ${id}`)).error).toMatch(/No row with the id/);
    });
  });

  it("of a version without `detail` are opened, and become rows with the leaf that they had", async () => {
    let leafBefore: string | undefined;
    const id = await setOneAside({ detail: null }, (row, encoded) => {
      const { covered, stored } = splitLeaf(Buffer.from(encoded));
      leafBefore = stored?.toString("hex");
      return sealTestRow(row, Buffer.concat([covered, Buffer.of(0, 0, 0, 32), stored ?? Buffer.alloc(0)]));
    });
    expect(JSON.parse((await loom(`dead show ${id}`)).out)).toMatchObject({ row: { id, detail: null } });
    await allow(async () => {
      expect((await loom(`dead retry ${id}`)).out).toBe(`${id}: inserted\n`);
      const { rows } = await pool.query(
        `SELECT detail, encode(leaf_hash, 'hex') AS leaf FROM loom.traces WHERE id = '${id}'`,
      );
      expect(rows).toEqual([{ detail: null, leaf: leafBefore }]);
    });
  });

  it("that a crash left in both places are struck off without a second row or sum", async () => {
    const id = await setOneAside();
    await allow(async () => {
      await pool.query("CREATE TABLE loom.kept AS SELECT * FROM loom.dead_traces");
      await loom(`dead retry ${id}`);
      await pool.query("INSERT INTO loom.dead_traces SELECT * FROM loom.kept; DROP TABLE loom.kept");
      expect((await loom("dead retry --all")).out).toBe(`${id}: there already\n`);
      expect([
        await count("SELECT count(*) FROM loom.traces"),
        await count("SELECT sum(requests) FROM loom.usage_rollups"),
        await count("SELECT count(*) FROM loom.dead_traces"),
      ]).toEqual([3, 3, 0]);
    });
  });

  it("of a tenant whose keys were erased cannot be opened by anybody", async () => {
    const id = await setOneAside();
    await pool.query("UPDATE loom.tenants SET key_salt = NULL");
    expect((await loom(`dead show ${id}`)).error).toMatch(/keys of the tenant of .* were erased/);
    expect((await loom(`dead retry ${id}`)).error).toMatch(/keys of the tenant of .* were erased/);
  });
});
