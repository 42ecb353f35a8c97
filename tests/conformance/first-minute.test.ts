// What a newcomer meets: one command, an embedded database, a key that works, and nothing left behind, not even by
// a kill -9. Runs bin/loom.js as `npm start` does.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isRunning } from "../../src/postgres/process-identity.js";
import { describeWithEmbedded } from "../support/database.js";

const bin = fileURLToPath(new URL("../../bin/loom.js", import.meta.url));

type Demo = { readonly url: string; readonly key: string; readonly tenant: string };

describeWithEmbedded("the first minute", () => {
  let home: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "loom-first-"));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    }
    rmSync(home, { recursive: true, force: true });
  });

  function run(args: readonly string[]): { child: ChildProcess; printed: () => string; ended: Promise<number | null> } {
    const env = { PATH: process.env.PATH, LOOM_HOME: home, PORT: "0" };
    const child = spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    let text = "";
    child.stdout.on("data", (part) => (text += String(part)));
    child.stderr.on("data", (part) => (text += String(part)));
    return { child, printed: () => text, ended: new Promise((resolve) => child.once("exit", resolve)) };
  }

  async function start(): Promise<ReturnType<typeof run> & { url: string }> {
    const started = run(["start"]);
    const deadline = Date.now() + 25_000;
    // The banner is printed in one piece.
    while (!started.printed().includes("  Default ")) {
      if (Date.now() > deadline || started.child.exitCode !== null) throw new Error(started.printed());
      await sleep(20);
    }
    return { ...started, url: /http:\/\/127\.0\.0\.1:\d+/.exec(started.printed())?.[0] ?? "" };
  }

  function readDemo(): Demo {
    return JSON.parse(readFileSync(join(home, "demo.json"), "utf8")) as Demo;
  }

  function postmaster(): number {
    return Number(readFileSync(join(home, "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0]);
  }

  async function ask(): Promise<number> {
    const { url, key } = readDemo();
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: '{"model":"mock/echo","messages":[{"role":"user","content":"hi"}]}',
    });
    await response.text();
    return response.status;
  }

  test("prints where everything is and a command to try, and its demo key works", async () => {
    const gateway = await start();
    const { url, key, tenant } = readDemo();
    expect(tenant).toBe("demo");
    for (const said of [
      `${url}/v1`,
      "uWebSockets.js 20.57.0",
      "embedded PostgreSQL 18.4",
      "mock ✓",
      "set OPENAI_API_KEY",
      key,
      "curl ",
    ]) {
      expect(gateway.printed()).toContain(said);
    }
    expect(await ask()).toBe(200);
    const server = postmaster();
    gateway.child.kill("SIGINT");
    expect(await gateway.ended).toBe(0);
    expect(isRunning(server)).toBe(false);
  });

  test("keeps the demo key over a restart, and takes over the database that a kill -9 left running", async () => {
    const first = await start();
    const { key } = readDemo();
    const server = postmaster();
    first.child.kill("SIGKILL");
    await first.ended;
    expect(isRunning(server)).toBe(true);
    const second = await start();
    expect(readDemo().key).toBe(key);
    expect(postmaster()).toBe(server);
    expect(await ask()).toBe(200);
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
    expect(isRunning(server)).toBe(false);
  });

  test("lets commands work without a gateway, and beside one without stopping its database", async () => {
    const alone = run(["tenant", "create", "acme", "--json"]);
    expect(await alone.ended).toBe(0);
    expect(alone.printed()).toContain('"acme"');
    const gateway = await start();
    const beside = run(["key", "create", "--tenant", "acme", "--json"]);
    expect(await beside.ended).toBe(0);
    const { key } = JSON.parse(beside.printed()) as { key: string };
    const response = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    expect(response.status).toBe(200);
    // An operator who has made tenants gets no demo key.
    expect(gateway.printed()).not.toContain("Demo key");
  });
});
