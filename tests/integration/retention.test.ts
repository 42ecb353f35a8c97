// What has expired goes by whole partitions, with an event, unless a tenant on hold has rows in it; and what no
// partition takes raises an alarm, is kept and finds its place.
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { setHold } from "../../src/administer/legal-holds.js";
import { listPartitions, runRetention } from "../../src/administer/retention.js";
import { keepDatabase } from "../../src/keep-database.js";
import type { LoomEvent } from "../../src/report/events.js";
import { TraceWriter } from "../../workers/persist/writer.js";
import { tryAs } from "../support/become.js";
import { clearTraces } from "../support/clear-traces.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeySalt } from "../support/exchanges.js";
import { makeTools, noDeadRows, noSeed } from "../unit/src/cli/fake-tools.js";

const acme = { id: "0197a0de-0000-7000-8000-00000000000a", name: "acme" };
const other = { id: "0197a0de-0000-7000-8000-00000000000b", name: "other" };
const by = { actor: "cli:ada", origin: "host-1" };
/** 90 days before: 3 March 2025. */
const run = { days: 90, now: new Date("2025-06-01T12:00:00Z"), by };

describeWithDatabase("retention", () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool();
    await pool.query("INSERT INTO loom.tenants (id, name) VALUES ($1, $2), ($3, $4)", [
      acme.id,
      acme.name,
      other.id,
      other.name,
    ]);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await clearTraces(pool, "audit_events");
    await pool.query("DELETE FROM loom.legal_holds");
    await pool.query("SELECT loom.ensure_trace_partitions('2025-01-01T00:00:00Z', 4)");
    await pool.query(
      `INSERT INTO loom.dead_traces SELECT gen_random_uuid(), t.id, '2025-02-01', 'r', NULL, '', '', 1, 'n', t.id, 0, 1
         FROM loom.tenants t`,
    );
  });

  const write = async (...rows: readonly [tenant: { id: string }, createdAt: string][]) => {
    const writer = new TraceWriter({ databaseUrl: database.url, lane: 0, seal: sealTestRow, emit: () => {} });
    for (const [{ id }, createdAt] of rows) {
      const row = rowOf({ tenantId: id, createdAtMs: Date.parse(createdAt) });
      writer.add(row, sealedBodiesOf(row), testKeySalt);
    }
    await writer.drain(10_000);
  };
  const names = async () =>
    (await listPartitions(pool)).map(({ name }) => name).filter((name) => name.startsWith("traces_2025"));
  const count = async (table: string) =>
    (await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM loom.${table}`)).rows[0]?.n;
  const events = async () =>
    (await pool.query("SELECT actor, action, subject, details FROM loom.audit_events ORDER BY number")).rows;

  it("drops whole partitions that are older, and tells of each with its rows", async () => {
    await write([acme, "2025-01-05T00:00:00Z"], [other, "2025-01-06T00:00:00Z"], [acme, "2025-03-04T00:00:00Z"]);
    const done = await runRetention(pool, run);
    expect(done).toMatchObject({ state: "done", held: [], deadRows: 2 });
    expect(done.dropped.map(({ name, rows }) => [name, rows])).toEqual([
      ["traces_2025_01", 2],
      ["traces_2025_02", 0],
    ]);
    expect(await names()).toEqual(["traces_2025_03", "traces_2025_04"]);
    expect([await count("traces"), await count("dead_traces")]).toEqual([1, 0]);
    const first = { from: "2025-01-01T00:00:00.000Z", to: "2025-02-01T00:00:00.000Z", rows: 2, days: 90 };
    expect(await events()).toEqual([
      {
        actor: "cli:ada",
        action: "retention.drop",
        subject: "traces_2025_01",
        details: expect.objectContaining(first),
      },
      expect.objectContaining({ action: "retention.drop", subject: "traces_2025_02" }),
      expect.objectContaining({ action: "retention.delete", subject: "dead_traces" }),
    ]);
    expect(await runRetention(pool, run)).toMatchObject({ dropped: [], deadRows: 0 });
    expect(await events()).toHaveLength(3);
  });

  it("keeps a partition while a tenant on hold has rows in it, and that tenant's dead rows", async () => {
    await write([acme, "2025-01-05T00:00:00Z"], [other, "2025-01-06T00:00:00Z"], [other, "2025-02-06T00:00:00Z"]);
    expect([await setHold(pool, acme, "on", by), await setHold(pool, acme, "on", by)]).toEqual([true, false]);
    const held = await runRetention(pool, run);
    expect(held.dropped.map(({ name }) => name)).toEqual(["traces_2025_02"]);
    expect(held.held).toMatchObject([{ name: "traces_2025_01", heldBy: ["acme"] }]);
    expect([await count("traces"), await count("dead_traces")]).toEqual([2, 1]);
    await setHold(pool, acme, "off", by);
    expect((await runRetention(pool, run)).dropped.map(({ name }) => name)).toEqual(["traces_2025_01"]);
    expect((await events()).map(({ action }) => action)).toEqual([
      "hold.place",
      "retention.drop",
      "retention.delete",
      "hold.lift",
      "retention.drop",
      "retention.delete",
    ]);
  });

  it("two at once drop each partition once, and one of them may find the other at it", async () => {
    await write([acme, "2025-01-05T00:00:00Z"]);
    const both = await Promise.all([runRetention(pool, run), runRetention(pool, run)]);
    expect(both.flatMap(({ dropped }) => dropped.map(({ name }) => name)).sort()).toEqual([
      "traces_2025_01",
      "traces_2025_02",
    ]);
    expect((await events()).filter(({ action }) => action === "retention.drop")).toHaveLength(2);
  });

  it("neither drops what is younger than a day, nor the default partition, nor another table", async () => {
    for (const statement of [
      "SELECT loom.drop_trace_partition('traces_2025_01', now())",
      "SELECT loom.drop_trace_partition('traces_2025_04', '2025-03-01')",
      "SELECT loom.drop_trace_partition('traces_default', '2025-03-01')",
      "SELECT loom.drop_trace_partition('tenants', '2025-03-01')",
      "SELECT loom.drop_trace_partition('traces_2025_01', NULL)",
      "SELECT loom.delete_expired_dead_traces(now())",
    ])
      expect(await tryAs(pool, "loom_retention", statement), statement).toMatch(
        /at least one day|no partition that ends/,
      );
    expect(await names()).toHaveLength(4);
  });

  it("a gateway finds rows in the default partition, says so, and moves them; and drops what has expired", async () => {
    await write([acme, "2025-01-05T00:00:00Z"], [acme, "2071-05-05T00:00:00Z"], [other, "2071-07-01T00:00:00Z"]);
    expect(await count("traces_default")).toBe(2);
    const seen: LoomEvent[] = [];
    const keeper = keepDatabase({
      url: database.url,
      retentionDays: 90,
      emit: (event) => seen.push(event),
      everyMs: 50,
    });
    await expect.poll(() => seen.map(({ name }) => name).sort()).toContain("partition_missing");
    await expect.poll(() => seen.filter(({ name }) => name === "partition_dropped").length).toBe(4);
    await expect.poll(() => keeper.strayRows).toBe(0);
    await keeper.stop();
    expect(seen[0]).toBeDefined();
    expect(seen.filter(({ name }) => name === "partition_missing")).toEqual([{ name: "partition_missing", rows: 2 }]);
    expect([await count("traces_default"), await count("traces_2071_05"), await count("traces_2071_07")]).toEqual([
      0, 1, 1,
    ]);
    expect(await count("traces")).toBe(2);
    expect(await tryAs(pool, "none", "DELETE FROM loom.traces_default")).toMatch(/append-only/);
    expect((await events())[0]).toMatchObject({ actor: "loom", action: "retention.drop" });
  });

  const loom = (line: string, env: Record<string, string> = {}) =>
    makeTools({
      env: { USER: "ada", ...env },
      withDatabase: (_config, work) =>
        work(pool, {
          sealCredential: () => Promise.reject(new Error("nothing is sealed here")),
          resealCredential: async () => null,
          deadRows: noDeadRows,
          seedTraces: noSeed,
        }),
    }).run(...line.split(" "));

  it("the command line places holds, shows what would go, and runs the retention", async () => {
    await write([acme, "2025-01-05T00:00:00Z"]);
    expect((await loom("tenant hold acme on")).out).toBe("acme is now on legal hold.\n");
    expect((await loom("tenant hold acme on")).out).toBe("acme is already on legal hold.\n");
    expect((await loom("tenant hold acme maybe")).code).toBe(2);
    expect((await loom("tenant hold nobody on")).error).toMatch(/There is no tenant "nobody"/);
    const status = await loom("retention status", { LOOM_RETENTION_DAYS: "90" });
    expect(status.out).toMatch(/^Traces are kept for 90 days at least\.\nacme is on legal hold since .*, by cli:ada\./);
    expect(status.out).toMatch(/traces_2025_01 .* held +acme\ntraces_2025_02 .* expired +-\n/);
    expect(await loom("retention run")).toMatchObject({
      code: 2,
      error: expect.stringMatching(/There is no retention/),
    });
    const first = await loom("retention run --days 90");
    expect(first.out).toMatch(/Dropped traces_2025_02 with 0 rows\./);
    expect(first.out).toMatch(/Kept traces_2025_01: acme on legal hold\.\nDeleted 1 rows/);
    await loom("tenant hold acme off");
    expect(JSON.parse((await loom("retention run --days 90 --json")).out)).toMatchObject({
      days: 90,
      state: "done",
      dropped: expect.arrayContaining([expect.objectContaining({ name: "traces_2025_01", rows: 1 })]),
    });
    expect((await loom("retention run --days 90")).out).toBe("Nothing has expired.\n");
  });
});
