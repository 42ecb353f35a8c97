// Rows on their way into a real PostgreSQL: what is found there, what a bad row costs, and what happens while the
// server is away, cut off or frozen.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../src/limits.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { Outcome } from "../../src/trace/record.js";
import { bucketOf } from "../../workers/persist/histogram.js";
import { rollupColumns } from "../../workers/persist/rollups.js";
import { type TraceRow, traceColumns } from "../../workers/persist/trace-row.js";
import { TraceWriter, type WriterOptions } from "../../workers/persist/writer.js";
import { openBody } from "../../workers/seal/open.js";
import { clearTraces } from "../support/clear-traces.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { openDatabaseProxy } from "../support/database-proxy.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeyRing, testKeySalt } from "../support/exchanges.js";

describeWithDatabase("persist", () => {
  let database: TestDatabase;
  let pool: Pool;
  let events: LoomEvent[];

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    events = [];
    await clearTraces(pool);
  });

  const writerOf = (options: Partial<WriterOptions> = {}) =>
    new TraceWriter({
      databaseUrl: database.url,
      lane: 3,
      seal: sealTestRow,
      emit: (event) => events.push(event),
      ...options,
    });
  const add = (writer: TraceWriter, rows: readonly TraceRow[]) => {
    for (const row of rows) writer.add(row, sealedBodiesOf(row), testKeySalt);
  };
  const rowsOf = (count: number, changed: Partial<TraceRow> = {}) =>
    Array.from({ length: count }, () => rowOf(changed));
  const named = <Name extends LoomEvent["name"]>(name: Name) =>
    events.filter((event): event is Extract<LoomEvent, { name: Name }> => event.name === name);
  const count = async (table: string) =>
    Number((await pool.query(`SELECT count(*) AS n FROM loom.${table}`)).rows[0].n);
  const rolledUp = async () =>
    Number((await pool.query("SELECT coalesce(sum(requests), 0) AS n FROM loom.usage_rollups")).rows[0].n);
  const until = async (condition: () => boolean | Promise<boolean>, ms = 10_000) => {
    const deadline = Date.now() + ms;
    while (!(await condition())) {
      if (Date.now() > deadline) expect.unreachable("it did not come to that in time");
      await sleep(5);
    }
  };

  describe("a row", () => {
    it("has the columns of its table, in their order", async () => {
      const columnsOf = async (table: string) =>
        (
          await pool.query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'loom' AND table_name = $1 AND column_name NOT IN ('recorded_at', 'folded') ORDER BY ordinal_position",
            [table],
          )
        ).rows.map((row) => row.column_name);
      // A later migration put it behind the others; the ledger has it before the number.
      const inTable = traceColumns.filter((name) => name !== "detail");
      expect(await columnsOf("traces")).toEqual([...inTable, "detail"]);
      expect(await columnsOf("usage_rollups")).toEqual([...rollupColumns]);
    });

    it("is found as it was given, and its bodies open", async () => {
      const row = rowOf();
      const bare = rowOf({ tags: [], provider: null, model: null, ttfbMs: null, costUsd: null, cachedTokens: null });
      const writer = writerOf();
      add(writer, [row, bare]);
      await writer.drain(5000);
      const { rows } = await pool.query(
        "SELECT *, extract(epoch FROM created_at)::text AS at FROM loom.traces ORDER BY seq",
      );
      expect(rows[0]).toMatchObject({
        id: row.id,
        tenant_id: row.tenantId,
        api_key_id: row.apiKeyId,
        request_id: "req-ünï",
        status_code: 200,
        streamed: true,
        attempts: 2,
        latency_ms: 12.5,
        gateway_overhead_ms: 0.375,
        cached_tokens: 0,
        reasoning_tokens: null,
        estimated_cost_usd: "0.0000012345",
        request_bytes: "7",
        response_bytes: String(2 ** 40 + 1),
        end_user: "👩‍👩‍👧",
        tags: ["a", 'q"uo,te{}', "漢字", ""],
        boot_id: row.bootId,
        lane: 3,
        seq: String(row.seq),
        leaf_hash: expect.any(Buffer),
        body_codec: "identity",
      });
      expect(rows[0].at).toBe((Math.floor(row.createdAtMs * 1000) / 1e6).toFixed(6));
      expect(rows[1]).toMatchObject({ tags: [], provider: null, ttfb_ms: null, estimated_cost_usd: null });
      const sealed = { keySalt: testKeySalt, nodeId: row.nodeId, createdAtMs: rows[0].created_at.getTime() };
      const open = (column: "request" | "response") =>
        openBody(
          testKeyRing,
          {
            ...sealed,
            tenantId: row.tenantId,
            id: row.id,
            column: `${column}_body`,
            codec: rows[0].body_codec,
            keyVersion: rows[0].encryption_key_version,
            iv: rows[0][`${column}_iv`],
            sealed: rows[0][`${column}_body`],
          },
          100,
        ).toString();
      expect([open("request"), open("response")]).toEqual(["ask", "answer"]);
    });

    it("keeps every decimal of its cost", async () => {
      const costs = [
        "0.0000000000",
        "9999999999.9999999999",
        "0.0000000001",
        "1.0000000000",
        "123456.7890000000",
        "10000.0001000000",
      ];
      const writer = writerOf();
      add(
        writer,
        costs.map((costUsd) => rowOf({ costUsd })),
      );
      await writer.drain(5000);
      const { rows } = await pool.query("SELECT estimated_cost_usd AS cost FROM loom.traces ORDER BY seq");
      expect(rows.map((row) => row.cost)).toEqual(costs);
    });
  });

  describe("rollups", () => {
    it("equal the sums of the rows", async () => {
      const outcomes: Outcome[] = ["complete", "error", "aborted", "truncated", "interrupted", "refused"];
      const at = Math.floor(Date.now() / 60_000) * 60_000;
      const rows = Array.from({ length: 600 }, (_, index) =>
        rowOf({
          createdAtMs: at - (index % 3) * 60_000,
          provider: index % 5 === 0 ? null : "openai",
          outcome: outcomes[index % 6] as Outcome,
          streamed: index % 2 === 0,
          costUsd: index % 7 === 0 ? null : "0.0000012345",
          latencyMs: index + 0.5,
          ttfbMs: index % 4 === 0 ? null : 2,
        }),
      );
      const writer = writerOf();
      add(writer, rows);
      await writer.drain(5000);
      const sums = async (from: string, sql: string) =>
        (await pool.query(`SELECT minute, provider, ${sql} FROM ${from} GROUP BY 1, 2 ORDER BY 1, 2`)).rows;
      const exact = await sums(
        "(SELECT *, date_trunc('minute', created_at) AS minute, coalesce(provider, '') AS p FROM loom.traces) AS t(" +
          [
            ...traceColumns.map((name) => (name === "provider" ? "asked" : name)),
            "recorded_at",
            "minute",
            "provider",
          ].join(", ") +
          ")",
        `count(*) AS requests, count(*) FILTER (WHERE outcome = 'error') AS errors,
         count(*) FILTER (WHERE streamed) AS streamed, sum(prompt_tokens) AS prompt, sum(total_tokens) AS total,
         coalesce(sum(estimated_cost_usd), 0) AS cost, count(*) FILTER (WHERE estimated_cost_usd IS NULL) AS unpriced,
         sum(latency_ms) AS latency, count(ttfb_ms) AS first_bytes`,
      );
      const rolled = await sums(
        "loom.usage_rollups",
        `sum(requests) AS requests, sum(errors) AS errors, sum(streamed) AS streamed, sum(prompt_tokens) AS prompt,
         sum(total_tokens) AS total, sum(cost_usd) AS cost, sum(unpriced) AS unpriced, sum(latency_sum_ms) AS latency,
         sum((SELECT sum(c) FROM unnest(ttfb_counts) AS c)) AS first_bytes`,
      );
      expect(rolled).toEqual(exact);
      expect(rolled.length).toBe(6);
      const { rows: buckets } = await pool.query(
        "SELECT b, sum(c)::int AS c FROM loom.usage_rollups, unnest(latency_buckets, latency_counts) AS u(b, c) GROUP BY b",
      );
      const expected = new Map<number, number>();
      for (const { latencyMs } of rows) expected.set(bucketOf(latencyMs), (expected.get(bucketOf(latencyMs)) ?? 0) + 1);
      expect(new Map(buckets.map(({ b, c }) => [b, c]))).toEqual(expected);
    });
  });

  describe("a bad row", () => {
    for (const [place, at] of [
      ["first", 0],
      ["middle", 500],
      ["last", 999],
    ] as const) {
      it(`in the ${place} place of a thousand costs nobody but itself, within a second`, async () => {
        const rows = rowsOf(1000);
        const bad = { ...(rows[at] as TraceRow), outcome: "bogus" as Outcome };
        const writer = writerOf();
        const startedAt = performance.now();
        add(writer, rows.with(at, bad));
        await writer.drain(5000);
        expect(performance.now() - startedAt).toBeLessThan(1000);
        expect(await count("traces")).toBe(999);
        expect(await rolledUp()).toBe(999);
        const { rows: dead } = await pool.query("SELECT * FROM loom.dead_traces");
        expect(dead).toMatchObject([{ id: bad.id, tenant_id: bad.tenantId, sqlstate: "23514", seq: String(bad.seq) }]);
        expect(dead[0].reason).toMatch(/violates check constraint/);
        expect(named("trace_dead")).toMatchObject([{ id: bad.id, tenantId: bad.tenantId, lane: 3 }]);
        const whole = openBody(
          testKeyRing,
          {
            ...bad,
            keySalt: testKeySalt,
            column: "row",
            codec: "identity",
            keyVersion: 1,
            iv: dead[0].row_iv,
            sealed: dead[0].sealed_row,
          },
          10_000,
        );
        expect(whole.includes("bogus")).toBe(true);
        expect(dead[0].sealed_row.includes("bogus")).toBe(false);
      });
    }

    it("among many bad ones still costs nobody else", async () => {
      const rows = rowsOf(300).map((row, index) => (index % 50 === 0 ? { ...row, outcome: "bogus" as Outcome } : row));
      const writer = writerOf();
      add(writer, rows);
      await writer.drain(10_000);
      expect([await count("traces"), await count("dead_traces"), await rolledUp()]).toEqual([294, 6, 294]);
    });

    it("before megabytes that are still on their way to the server ends nothing but its batch", async () => {
      const body = "x".repeat(1000) + "y".repeat(3000);
      const big = (row: TraceRow) => sealedBodiesOf(row, body.repeat(300), randomBytes(400_000).toString("base64"));
      const rows = rowsOf(16).map((row, index) => (index === 0 ? { ...row, outcome: "bogus" as Outcome } : row));
      const writer = writerOf();
      for (const row of rows) writer.add(row, big(row), testKeySalt);
      await writer.drain(10_000);
      expect([await count("traces"), await count("dead_traces"), await rolledUp()]).toEqual([15, 1, 15]);
    });

    it("of a month without a partition gets its partition", async () => {
      const writer = writerOf();
      add(writer, [
        rowOf(),
        rowOf({ createdAtMs: Date.UTC(2031, 4, 5) }),
        rowOf({ createdAtMs: Date.UTC(2032, 0, 1) }),
      ]);
      await writer.drain(5000);
      expect([await count("traces"), await count("dead_traces")]).toEqual([3, 0]);
    });
  });

  describe("a row that is there already", () => {
    it("is doubled neither as a row nor in the rollups", async () => {
      const rows = rowsOf(100);
      const first = writerOf();
      add(first, rows.slice(0, 60));
      await first.drain(5000);
      const second = writerOf();
      add(second, [...rows, ...rows.slice(90)]);
      await second.drain(5000);
      expect([await count("traces"), await rolledUp(), await count("dead_traces")]).toEqual([100, 100, 0]);
      expect(named("traces_recorded").map((event) => event.rows)).toEqual([60, 40]);
      expect(named("traces_repeated").map((event) => event.rows)).toEqual([70]);
    });

    it("does not hide a bad row of the same batch", async () => {
      const rows = rowsOf(20);
      const first = writerOf();
      add(first, rows.slice(0, 10));
      await first.drain(5000);
      const second = writerOf();
      add(second, rows.with(15, { ...(rows[15] as TraceRow), outcome: "bogus" as Outcome }));
      await second.drain(5000);
      expect([await count("traces"), await rolledUp(), await count("dead_traces")]).toEqual([19, 19, 1]);
    });
  });

  describe("a database that goes away", () => {
    it("in the middle of COPYs, again and again, neither loses nor doubles a row", async () => {
      const writer = writerOf();
      let killed = 0;
      const kill =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = $2";
      const killing = setInterval(() => {
        pool.query(kill, ["loom lane 3", database.name]).then(
          ({ rowCount }) => {
            killed += rowCount ?? 0;
          },
          () => {},
        );
      }, 15);
      for (let turn = 0; turn < 40; turn += 1) {
        add(writer, rowsOf(250));
        await sleep(10);
      }
      await sleep(300);
      clearInterval(killing);
      await writer.drain(20_000);
      expect(killed).toBeGreaterThan(3);
      expect(named("traces_lost")).toEqual([]);
      expect([await count("traces"), await rolledUp(), await count("dead_traces")]).toEqual([10_000, 10_000, 0]);
    });

    it("before the first row gets it when it comes back, and says so once each way", async () => {
      const proxy = await openDatabaseProxy(database.url, "away");
      const writer = writerOf({ databaseUrl: proxy.url });
      add(writer, rowsOf(10));
      expect(writer.backlogBytes).toBeGreaterThan(1000);
      await until(() => named("database_away").length > 0);
      await sleep(400);
      add(writer, rowsOf(10));
      await proxy.back();
      await until(async () => (await count("traces")) === 20);
      await until(() => writer.backlogBytes === 0);
      await writer.drain(1000);
      expect([named("database_away").length, named("database_back").length]).toEqual([1, 1]);
      expect(named("database_back")[0]?.awayMs).toBeGreaterThan(300);
      await proxy.close();
    });

    it("while a lane idles is not news when it is back in time", async () => {
      const proxy = await openDatabaseProxy(database.url);
      const writer = writerOf({ databaseUrl: proxy.url });
      add(writer, rowsOf(1));
      await until(() => named("traces_recorded").length === 1);
      await proxy.away();
      await proxy.back();
      add(writer, rowsOf(1));
      await writer.drain(5000);
      expect(events.map((event) => event.name)).toEqual(["traces_recorded", "traces_recorded"]);
      await proxy.close();
    });

    it("without a word is noticed by the watchdog", async () => {
      const proxy = await openDatabaseProxy(database.url);
      const writer = writerOf({ databaseUrl: proxy.url, timeoutMs: 200 });
      add(writer, rowsOf(5));
      await until(() => named("traces_recorded").length === 1);
      proxy.freeze();
      add(writer, rowsOf(5));
      await until(() => named("database_away").length === 1);
      expect(named("database_away")[0]?.reason).toMatch(/did not answer within/);
      proxy.thaw();
      await until(() => named("database_back").length === 1);
      await writer.drain(5000);
      expect([await count("traces"), await rolledUp()]).toEqual([10, 10]);
      await proxy.close();
    });

    it("and stays away has its rows reported by their ids at the deadline", async () => {
      const proxy = await openDatabaseProxy(database.url, "away");
      const writer = writerOf({ databaseUrl: proxy.url });
      const rows = rowsOf(limits.copyRowsMax + 5);
      add(writer, rows);
      await until(() => named("database_away").length === 1);
      const startedAt = performance.now();
      await writer.drain(300);
      expect(performance.now() - startedAt).toBeLessThan(600);
      const lost = named("traces_lost");
      expect(lost.length).toBe(1);
      expect(lost[0]?.ids.toSorted()).toEqual(rows.map((row) => row.id).toSorted());
      expect(() => writer.add(rowOf(), sealedBodiesOf(rowOf()), testKeySalt)).toThrow("the writer is closed");
      await proxy.close();
    });
  });

  it("rows wait no longer than they must, and a full batch does not wait", async () => {
    const writer = writerOf();
    add(writer, rowsOf(limits.copyRowsMax * 2 + 1));
    await until(() => named("traces_recorded").length === 3, 5000);
    expect(named("traces_recorded").map((event) => event.rows)).toEqual([limits.copyRowsMax, limits.copyRowsMax, 1]);
    expect(writer.backlogBytes).toBe(0);
    await writer.drain(1000);
  });
});
