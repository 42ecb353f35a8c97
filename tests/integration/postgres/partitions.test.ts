// Partitions are made by whoever comes first, without harm from those who come at the same time.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ensurePartitions, keepPartitionsAhead } from "../../../src/postgres/partitions.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../../support/database.js";

describeWithDatabase("partitions", () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await openTestDatabase();
  });

  afterAll(() => database.close());

  it("five connections that make the same partitions together make each once", async () => {
    const pool = database.pool(5);
    const calls = Array.from({ length: 5 }, async () => {
      const { rows } = await pool.query("SELECT loom.ensure_trace_partitions('2040-05-03T00:00:00Z', 4) AS made");
      return rows[0].made as number;
    });
    const made = await Promise.all(calls);
    expect(made.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, 4]);
  });

  it("covers a whole month in UTC whatever the time zone of the session", async () => {
    const client = await database.pool(1).connect();
    await client.query("SET timezone = 'Asia/Tokyo'");
    await ensurePartitions(client, new Date("2041-06-15T00:00:00Z"));
    await client.query("SET timezone = 'UTC'");
    const { rows } = await client.query(
      "SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relname = 'traces_2041_06'",
    );
    client.release();
    expect(rows[0].bound).toBe("FOR VALUES FROM ('2041-06-01 00:00:00+00') TO ('2041-07-01 00:00:00+00')");
  });

  it("keep bodies and the detail of a row out of line, not compressed, old and new ones alike", async () => {
    const pool = database.pool(1);
    await pool.query("SELECT loom.ensure_trace_partitions('2042-01-01T00:00:00Z', 1)");
    const { rows } = await pool.query(
      `SELECT DISTINCT attname AS name, attstorage::text AS storage FROM pg_attribute
        WHERE attname IN ('request_body', 'response_body', 'detail')
          AND attrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'loom.traces'::regclass) ORDER BY 1`,
    );
    const external = ["detail", "request_body", "response_body"].map((name) => ({ name, storage: "e" }));
    expect(rows).toEqual(external);
  });

  it("the keeper makes a missing partition, and does not wait behind a lock that a COPY holds", async () => {
    const pool = database.pool(3);
    const month = `traces_${new Date().toISOString().slice(0, 7).replace("-", "_")}`;
    await pool.query(`DROP TABLE loom.${month}`);
    const copying = await pool.connect();
    await copying.query("BEGIN; LOCK TABLE loom.traces IN ROW EXCLUSIVE MODE");
    const errors: unknown[] = [];
    const made: number[] = [];
    const keeper = keepPartitionsAhead(pool, {
      everyMs: 50,
      onMade: (count) => made.push(count),
      onError: (error) => errors.push(error),
    });
    await expect.poll(() => errors.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(errors[0]).toMatchObject({ code: "55P03" });
    await copying.query("COMMIT");
    copying.release();
    await expect.poll(() => made, { timeout: 10_000 }).toEqual([1]);
    await keeper.stop();
    const tries = errors.length;
    await sleep(150);
    expect(errors).toHaveLength(tries);
  });
});
