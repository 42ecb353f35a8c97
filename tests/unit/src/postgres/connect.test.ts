// What the banner says of a database, and what an old server is told.
import { describe, expect, it } from "vitest";
import { checkServerVersion, describeDatabase, openPool } from "../../../../src/postgres/connect.js";
import { socketUrl } from "../../../../src/postgres/embedded-server.js";

describe("connect", () => {
  it("describes a database without its user's secrets", () => {
    expect(describeDatabase("postgres://ann:s3cret@db.example:6543/traces")).toBe("db.example:6543/traces");
  });

  it("describes a database behind a socket, whatever characters its folder has", () => {
    const url = socketUrl({ socketDir: "/tmp/a b,c'd/é", port: 5432 });
    expect(describeDatabase(url)).toBe("loom at /tmp/a b,c'd/é");
  });

  it("does not connect before it is asked", async () => {
    const pool = openPool({ url: "postgres://nobody@127.0.0.1:1/none", max: 2, applicationName: "test" });
    expect(pool.totalCount).toBe(0);
    await pool.end();
  });

  it("survives an idle connection that breaks, and tells", async () => {
    const seen: Error[] = [];
    const pool = openPool({
      url: "postgres://nobody@127.0.0.1:1/none",
      max: 2,
      applicationName: "test",
      onIdleError: (error) => seen.push(error),
    });
    const broken = new Error("gone");
    pool.emit("error", broken, undefined);
    expect(seen).toEqual([broken]);
    await pool.end();
  });

  it.each([
    ["140012", "14.12", false],
    ["150000", "15.0", true],
    ["180004", "18.4", true],
  ])("takes server %s: %s %s", async (server_version_num, server_version, isTaken) => {
    const server = { query: async () => ({ rows: [{ server_version_num, server_version }] }) };
    const checked = checkServerVersion(server as never);
    if (isTaken) await checked;
    else await expect(checked).rejects.toThrow("Loom needs PostgreSQL 15 or newer; this server is 14.12.");
  });
});
