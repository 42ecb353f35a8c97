// `loom seed` on a real database: as many traces as asked for, in months of their own, sealed and summed up.
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SeedPlan } from "../../src/administer/seed-tenants.js";
import { seedTraces } from "../../workers/seed.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { testMasterKeys } from "../support/exchanges.js";
import { makeTools, noDeadRows } from "../unit/src/cli/fake-tools.js";

describeWithDatabase("loom seed", () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool(2);
  });
  afterAll(() => database.close());

  const seed = (line: string) =>
    makeTools({
      withDatabase: (_config, work) =>
        work(pool, {
          sealCredential: () => Promise.reject(new Error("nothing is sealed here")),
          resealCredential: async () => null,
          deadRows: noDeadRows,
          seedTraces: (plan: SeedPlan) =>
            seedTraces({ ...plan, masterKeys: testMasterKeys, databaseUrl: database.url }),
        }),
    }).run("seed", "--json", ...line.split(" "));

  test("adds what was asked for, and its sums, and a key that reads it", async () => {
    const { code, out } = await seed("--rows 1500 --days 80 --tenants 3 --seed 5");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      rows: 1500,
      tenant: "seed-01",
      key: expect.stringMatching(/^sk-loom-/) as string,
    });
    const { rows } = await pool.query<Record<string, number>>(
      `SELECT count(*)::int AS rows, count(DISTINCT tenant_id)::int AS tenants,
         (SELECT sum(requests)::int FROM loom.usage_rollups) AS rolled,
         (SELECT count(*)::int FROM loom.usage_rollups WHERE NOT folded) AS fresh,
         (SELECT sum(requests)::int FROM loom.usage_sums WHERE span = 'day' AND NOT detail) AS summed,
         (SELECT count(*)::int FROM loom.traces_default) AS stray FROM loom.traces`,
    );
    expect(rows).toEqual([{ rows: 1500, tenants: 3, rolled: 1500, fresh: 0, summed: 1500, stray: 0 }]);
  });

  test("adds to the same tenants when it is run again", async () => {
    expect((await seed("--rows 200 --days 2 --tenants 3 --seed 6")).code).toBe(0);
    const { rows } = await pool.query("SELECT count(*)::int AS n FROM loom.tenants");
    expect(rows).toEqual([{ n: 3 }]);
  });
});
