// Roles under logins of every kind, on a server of their own since roles belong to the whole server: one that may
// make them but not let them bypass row security, one that may nothing, one that was only made a member; and many
// databases that are migrated at the same moment.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPool } from "../../../src/postgres/connect.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/postgres/embedded-postgres.js";
import { migrate } from "../../../src/postgres/migrate.js";
import type { LoomEvent } from "../../../src/report/events.js";
import { TraceWriter } from "../../../workers/persist/writer.js";
import { describeWithEmbedded } from "../../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeySalt } from "../../support/exchanges.js";
import { replaceDatabase, runStatement } from "../../support/test-server.js";

describeWithEmbedded("logins and their roles", () => {
  let home: string;
  let server: EmbeddedPostgres;
  const urlAs = (login: string, database: string) => {
    const url = new URL(replaceDatabase(server.url, database));
    url.username = login;
    return url.href;
  };
  const ask = async <Row extends pg.QueryResultRow>(url: string, text: string) => {
    const pool = openPool({ url, max: 1, applicationName: "test", tenants: "all" });
    try {
      return (await pool.query<Row>(text)).rows;
    } finally {
      await pool.end();
    }
  };
  const open = async (login: string, attributes: string, database: string) => {
    await runStatement(server.url, `CREATE ROLE ${login} LOGIN ${attributes}`);
    await runStatement(server.url, `CREATE DATABASE ${database} OWNER ${login}`);
    return urlAs(login, database);
  };
  /** Writes three rows twice, as a lane whose commits are in doubt; what happened, and what is there. */
  const writeTwice = async (url: string) => {
    const events: LoomEvent[] = [];
    const rows = [rowOf(), rowOf(), rowOf()];
    for (const _ of [1, 2]) {
      const writer = new TraceWriter({
        databaseUrl: url,
        lane: 1,
        seal: sealTestRow,
        emit: (event) => events.push(event),
      });
      for (const row of rows) writer.add(row, sealedBodiesOf(row), testKeySalt);
      await writer.drain(10_000);
    }
    const [found] = await ask<{ rows: number; sums: number; dead: number }>(
      url,
      `SELECT (SELECT count(*) FROM loom.traces)::int AS rows, (SELECT sum(requests) FROM loom.usage_rollups)::int AS sums,
              (SELECT count(*) FROM loom.dead_traces)::int AS dead`,
    );
    return { ...found, events: events.map((event) => event.name) };
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "loom-test-roles-"));
    server = await startEmbeddedPostgres({ home, durable: false });
  });
  afterAll(async () => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  it("a login that may make roles gets them, and its lanes write through the staging table", async () => {
    const url = await open("maker", "CREATEROLE", "made");
    const { notes } = await migrate({ url });
    expect(notes).toEqual([]);
    const asWriter = openPool({ url, max: 1, applicationName: "test", role: "loom_writer" });
    const { rows } = await asWriter.query(
      "SELECT current_user::text AS name, row_security_active('loom.traces') AS secured FROM pg_roles WHERE rolname = 'loom_writer'",
    );
    await expect(asWriter.query("COPY loom.traces FROM STDIN")).rejects.toThrow(
      /COPY FROM not supported with row-level/,
    );
    await asWriter.end();
    expect(rows).toEqual([{ name: "loom_writer", secured: true }]);
    expect(await writeTwice(url)).toEqual({
      rows: 3,
      sums: 3,
      dead: 0,
      events: ["traces_recorded", "traces_repeated"],
    });
    expect(await ask(url, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'loom'")).toEqual([
      { tableowner: "loom_owner" },
    ]);

    // A COPY that was refused would cost the lane its connection each time.
    const writer = new TraceWriter({ databaseUrl: url, lane: 1, seal: sealTestRow, emit: () => {} });
    const connections = new Set<unknown>();
    for (const recorded of [4, 5]) {
      const row = rowOf();
      writer.add(row, sealedBodiesOf(row), testKeySalt);
      await expect.poll(() => ask(url, "SELECT count(*)::int AS n FROM loom.traces")).toEqual([{ n: recorded }]);
      const [lane] = await ask(server.url, "SELECT pid FROM pg_stat_activity WHERE application_name = 'loom lane 1'");
      connections.add(lane?.["pid"]);
    }
    await writer.drain(10_000);
    expect(connections.size).toBe(1);
  });

  it("a login that may nothing works with its own rights, says so once, and row security is forced on it as well", async () => {
    const url = await open("plain", "", "bare");
    const { notes } = await migrate({ url });
    expect(notes).toEqual([expect.stringMatching(/may not act as loom_writer, loom_authenticator, loom_retention/)]);
    expect(await writeTwice(url)).toEqual({
      rows: 3,
      sums: 3,
      dead: 0,
      events: ["traces_recorded", "traces_repeated"],
    });
    const plain = openPool({ url, max: 1, applicationName: "test", role: "loom_authenticator" });
    const { rows } = await plain.query("SELECT current_user::text AS name, count(*)::int AS n FROM loom.traces");
    await expect(plain.query("DELETE FROM loom.traces")).rejects.toThrow(/append-only/);
    await plain.end();
    expect(rows).toEqual([{ name: "plain", n: 0 }]);
  });

  it("a superuser beside it lets the writer bypass row security, and every lane copies directly from then on", async () => {
    const database = "direct";
    await runStatement(server.url, `CREATE DATABASE ${database}`);
    const url = replaceDatabase(server.url, database);
    await migrate({ url });
    const asWriter = openPool({ url, max: 1, applicationName: "test", role: "loom_writer" });
    const { rows } = await asWriter.query(
      "SELECT current_user::text AS name, row_security_active('loom.traces') AS secured",
    );
    await asWriter.end();
    expect(rows).toEqual([{ name: "loom_writer", secured: false }]);
    expect(await writeTwice(url)).toEqual({
      rows: 3,
      sums: 3,
      dead: 0,
      events: ["traces_recorded", "traces_repeated"],
    });
  });

  it("a login that is only a member of the writer and the authenticator runs a gateway and owns nothing", async () => {
    await runStatement(server.url, "CREATE ROLE member LOGIN IN ROLE loom_writer, loom_authenticator");
    const url = urlAs("member", "direct");
    const { applied, notes } = await migrate({ url });
    expect(applied).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(/may not act as loom_retention/)]);
    const rowsBefore = await ask<{ n: number }>(
      replaceDatabase(server.url, "direct"),
      "SELECT count(*)::int AS n FROM loom.traces",
    );
    const writer = new TraceWriter({ databaseUrl: url, lane: 1, seal: sealTestRow, emit: () => {} });
    const row = rowOf();
    writer.add(row, sealedBodiesOf(row), testKeySalt);
    await writer.drain(10_000);
    const rowsAfter = await ask<{ n: number }>(
      replaceDatabase(server.url, "direct"),
      "SELECT count(*)::int AS n FROM loom.traces",
    );
    expect((rowsAfter[0]?.n ?? 0) - (rowsBefore[0]?.n ?? 0)).toBe(1);
    await expect(ask(url, "SELECT request_body FROM loom.traces")).rejects.toThrow(/permission denied/);
  });

  it("a role that comes after the migration gets its grants at the next start", async () => {
    const url = urlAs("plain", "bare");
    await runStatement(server.url, "GRANT loom_owner, loom_writer, loom_authenticator, loom_retention TO plain");
    expect((await migrate({ url })).notes).toEqual([]);
    const asWriter = openPool({ url, max: 1, applicationName: "test", role: "loom_writer" });
    expect((await asWriter.query("SELECT current_user::text AS name")).rows).toEqual([{ name: "loom_writer" }]);
    await asWriter.end();
    expect(await ask(url, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'loom'")).toEqual([
      { tableowner: "loom_owner" },
    ]);
  });

  it("five databases migrated at the same moment make the shared roles once", async () => {
    const names = ["one", "two", "three", "four", "five"];
    for (const name of ["made", "bare", "direct"]) await runStatement(server.url, `DROP DATABASE ${name}`);
    await runStatement(
      server.url,
      "DROP ROLE loom_owner, loom_writer, loom_authenticator, loom_reader, loom_auditor, loom_retention",
    );
    for (const name of names) await runStatement(server.url, `CREATE DATABASE ${name}`);
    const results = await Promise.all(names.map((name) => migrate({ url: replaceDatabase(server.url, name) })));
    expect(results.map(({ notes }) => notes)).toEqual(names.map(() => []));
    for (const name of names) {
      const url = replaceDatabase(server.url, name);
      const asWriter = openPool({ url, max: 1, applicationName: "test", role: "loom_writer" });
      const { rows } = await asWriter.query(
        "SELECT current_user::text AS name, row_security_active('loom.traces') AS secured",
      );
      expect(rows).toEqual([{ name: "loom_writer", secured: false }]);
      await asWriter.end();
    }
  });
});
