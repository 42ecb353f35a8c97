// The embedded server over its lives: first start, later start, killed gateway, killed server, stop.
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresEvent,
  type EmbeddedPostgresOptions,
  findRunning,
  startEmbeddedPostgres,
} from "../../../src/postgres/embedded-postgres.js";
import { findLivePostmaster, readPostmaster } from "../../../src/postgres/postmaster.js";
import { isRunning } from "../../../src/postgres/process-identity.js";
import { describeWithEmbedded } from "../../support/database.js";

describeWithEmbedded("the embedded PostgreSQL", () => {
  let home: string;
  const started: EmbeddedPostgres[] = [];

  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), "loom-home-")));
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
    rmSync(home, { recursive: true, force: true });
  });

  async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ home, durable: false, ...options });
    started.push(server);
    return server;
  }

  async function ask(url: string, sql: string): Promise<string> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query({ text: sql, rowMode: "array" });
      return String(rows[0]?.[0]);
    } finally {
      await client.end();
    }
  }

  it("makes the database at the first start and finds it again at the next, within seconds", async () => {
    const first = await start();
    expect(first).toMatchObject({ firstStart: true, adopted: false, version: "18.4" });
    await ask(first.url, "CREATE TABLE kept AS SELECT 7 AS n");
    await first.stop();
    const before = performance.now();
    const second = await start();
    expect(performance.now() - before).toBeLessThan(3000);
    expect(second).toMatchObject({ firstStart: false, adopted: false, url: first.url });
    expect(await ask(second.url, "SELECT n FROM kept")).toBe("7");
  });

  it("listens on a unix socket only, in a folder that nobody else may enter", async () => {
    const { url, dataDir } = await start();
    expect(await ask(url, "SHOW listen_addresses")).toBe("");
    const socketDir = new URL(url).searchParams.get("host") ?? "";
    expect(statSync(socketDir).mode & 0o777).toBe(0o700);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(await ask(url, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'loom'")).toBe(
      "bC.UTF-8",
    );
    expect(await ask(url, "SHOW data_checksums")).toBe("on");
  });

  it("uses a short socket path when the home has a long one", async () => {
    const long = join(home, "a folder, that's long ".repeat(6));
    chmodSync(home, 0o711);
    const { url, dataDir } = await start({ home: long });
    expect(dataDir).toBe(join(long, "postgres/data"));
    const socketDir = new URL(url).searchParams.get("host") ?? "";
    expect(socketDir.startsWith(long)).toBe(false);
    expect(Buffer.byteLength(`${socketDir}/.s.PGSQL.5432`)).toBeLessThan(104);
    expect(await ask(url, "SELECT 1")).toBe("1");
    rmSync(socketDir, { recursive: true });
  });

  it("leaves no process behind when it stops, and may be stopped twice", async () => {
    const server = await start();
    const pid = readPostmaster(server.dataDir)?.pid ?? 0;
    expect(isRunning(pid)).toBe(true);
    expect(await findRunning(home)).toBe(server.url);
    // A group of its own: Ctrl-C in the gateway's terminal is not for the server.
    expect(execFileSync("ps", ["-o", "pgid=", "-p", String(pid)], { encoding: "utf8" }).trim()).toBe(String(pid));
    await Promise.all([server.stop(), server.stop()]);
    expect(isRunning(pid)).toBe(false);
    expect(await findRunning(home)).toBeNull();
    const survivors = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(server.dataDir));
    expect(survivors).toEqual([]);
  });

  it("is started again when it dies by itself, at the same URL", async () => {
    const events: EmbeddedPostgresEvent[] = [];
    const server = await start({ onEvent: (event) => events.push(event) });
    const pid = readPostmaster(server.dataDir)?.pid ?? 0;
    process.kill(pid, "SIGKILL");
    await expect.poll(() => events.at(-1)?.name, { timeout: 20_000 }).toBe("server_restarted");
    expect(events[0]).toMatchObject({ name: "server_ended", reason: "it was ended by SIGKILL", restartInMs: 100 });
    expect(findLivePostmaster(server.dataDir)?.pid).not.toBe(pid);
    expect(await ask(server.url, "SELECT 1")).toBe("1");
  });

  it("starts although another program has got the pid that an old server left in its file", async () => {
    const first = await start();
    const file = join(first.dataDir, "postmaster.pid");
    const text = readFileSync(file, "utf8");
    await first.stop();
    // PostgreSQL itself is only taken in by a process of its own user.
    const { uid, gid } = statSync(first.dataDir);
    const other = spawn("sleep", ["60"], { uid, gid, cwd: "/" });
    writeFileSync(file, text.replace(/^\d+/, String(other.pid)), { mode: 0o600 });
    chownSync(file, uid, gid);
    expect(await findRunning(home)).toBeNull();
    const second = await start().finally(() => other.kill("SIGKILL"));
    expect(second.adopted).toBe(false);
    expect(await ask(second.url, "SELECT 1")).toBe("1");
  });

  it("refuses a database of another PostgreSQL version in plain words", async () => {
    const first = await start();
    await first.stop();
    writeFileSync(join(first.dataDir, "PG_VERSION"), "17\n");
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 17, this Loom brings PostgreSQL 18/);
  });

  it("clears away what a start that was killed half-way has left", async () => {
    const first = await start();
    await first.stop();
    const root = dirname(first.dataDir);
    rmSync(first.dataDir, { recursive: true });
    execFileSync("mkdir", ["-p", join(root, "data.new/base"), join(root, "copy-1234")]);
    rmSync(join(root, "18.4.0-beta.17"), { recursive: true });
    expect(await start()).toMatchObject({ firstStart: true });
    expect(() => statSync(join(root, "copy-1234"))).toThrow();
  });
});
