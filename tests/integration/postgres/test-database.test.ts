// The tests' own database: apart from every other, and strict about what is left open.
import pg from "pg";
import { expect, it } from "vitest";
import { describeWithDatabase, openTestDatabase } from "../../support/database.js";

describeWithDatabase("a test database", () => {
  it("has the schema and nothing of another test database", async () => {
    const [one, two] = await Promise.all([openTestDatabase(), openTestDatabase()]);
    await one.pool(1).query("INSERT INTO loom.tenants (id, name) VALUES (gen_random_uuid(), 'only here')");
    const { rows } = await two.pool(1).query("SELECT count(*)::int AS n FROM loom.tenants");
    expect(rows).toEqual([{ n: 0 }]);
    await Promise.all([one.close(), two.close()]);
  });

  it("fails to close when a connection was left open, and is dropped all the same", async () => {
    const database = await openTestDatabase();
    const leak = new pg.Client({ connectionString: database.url, application_name: "forgotten" });
    leak.on("error", () => undefined);
    await leak.connect();
    await leak.query("SELECT 'last words'");
    await expect(database.close()).rejects.toThrow(
      /left open to loom_test_.*forgotten \(last query: SELECT 'last words'/,
    );
    const again = new pg.Client({ connectionString: database.url });
    await expect(again.connect()).rejects.toMatchObject({ code: "3D000" });
  });
});
