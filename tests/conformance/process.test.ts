// The life of the process: how it stops, what it refuses to start with, and time-outs of a provider.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeWithDatabase, openTestDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { readTrace } from "../support/traces.js";

const main = fileURLToPath(new URL("../../dist/src/main.js", import.meta.url));

function post(gateway: TestGateway, body: object): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...body }),
  });
}

describeWithDatabase("the process", () => {
  test("lets open streams end at SIGTERM, writes their records, and exits 0", async () => {
    const gateway = await startTestGateway();
    const response = await post(gateway, {
      model: "mock/stream",
      stream: true,
      mock: { tokens: 20, tokens_per_second: 20 },
    });
    await sleep(200);
    const exited = gateway.stop();
    const text = await response.text();
    expect(text.trimEnd().endsWith("[DONE]")).toBe(true);
    expect(await exited).toBe(0);
    expect((await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "")).outcome).toBe("complete");
    await expect(fetch(`${gateway.url}/healthz`)).rejects.toThrow();
    await gateway.close();
  });

  test("cuts what is still open at the drain deadline, records it, and exits 0", async () => {
    const gateway = await startTestGateway({ LOOM_DRAIN_TIMEOUT_MS: "300" });
    const response = await post(gateway, {
      model: "mock/stream",
      stream: true,
      mock: { tokens: 1000, tokens_per_second: 20 },
    });
    const reading = response.text();
    reading.catch(() => {});
    await sleep(200);
    expect(await gateway.stop()).toBe(0);
    await expect(reading).rejects.toThrow();
    expect((await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "")).outcome).not.toBe("complete");
    await gateway.close();
  });

  test("ends at once at a second signal", async () => {
    const gateway = await startTestGateway();
    const response = await post(gateway, {
      model: "mock/stream",
      stream: true,
      mock: { tokens: 1000, tokens_per_second: 20 },
    });
    response.text().catch(() => {});
    const exited = gateway.stop();
    await sleep(300);
    const askedAt = performance.now();
    gateway.child.kill("SIGTERM");
    expect(await exited).toBe(1);
    expect(performance.now() - askedAt).toBeLessThan(2000);
    await gateway.close();
  });

  test("answers 504 when the provider sends nothing in time, and records it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "loom-config-"));
    const file = join(folder, "loom.yaml");
    writeFileSync(
      file,
      "upstream:\n  firstByteTimeoutMs: 500\nroutes:\n  fast: [mock/timeout]\n  spare: [mock/error-500, mock/echo]\n",
    );
    const gateway = await startTestGateway({ LOOM_CONFIG: file });
    const response = await post(gateway, { model: "fast" });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ error: { code: "upstream_timeout" } });
    const trace = await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
    expect(trace).toMatchObject({ outcome: "error", error_code: "upstream_timeout", model: "fast", attempts: 1 });
    // An alias with a second target: the first one's failure is not the client's.
    const spare = await post(gateway, { model: "spare" });
    expect(spare.status).toBe(200);
    await spare.text();
    expect(await readTrace(gateway.pool, spare.headers.get("x-loom-trace-id") ?? "")).toMatchObject({
      outcome: "complete",
      attempts: 2,
    });
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  test("names every fault of its configuration at once and exits 78", async () => {
    const home = mkdtempSync(join(tmpdir(), "loom-home-"));
    const env = { PATH: process.env.PATH, LOOM_HOME: home, PORT: "many", LOG_LEVEL: "loud", LOOM_LANE: "2" };
    const child = spawn(process.execPath, [main, "start"], { env, cwd: home });
    let printed = "";
    child.stderr.on("data", (text) => (printed += String(text)));
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(78);
    for (const name of ["PORT", "LOG_LEVEL", "LOOM_LANE"]) expect(printed).toContain(name);
    expect(printed).toContain("LOOM_LANES");
    rmSync(home, { recursive: true });
  });

  test("keeps demo.json, the key file and the home for its owner only", async () => {
    const gateway = await startTestGateway();
    expect(statSync(join(gateway.home, "demo.json")).mode & 0o777).toBe(0o600);
    expect(statSync(join(gateway.home, "master-keys")).mode & 0o777).toBe(0o600);
    expect(gateway.output()).not.toContain(gateway.database.url.split("@")[0] ?? "@");
    await gateway.close();
  });

  test("makes no demo key on an address that others can reach, and says how to make one", async () => {
    const home = mkdtempSync(join(tmpdir(), "loom-home-"));
    const database = await openTestDatabase();
    const env = { PATH: process.env.PATH, LOOM_HOME: home, PORT: "0", HOST: "0.0.0.0", DATABASE_URL: database.url };
    const child = spawn(process.execPath, [main, "start"], { env, cwd: home });
    let printed = "";
    child.stdout.on("data", (text) => (printed += String(text)));
    while (!printed.includes("  Note ") && child.exitCode === null) await sleep(20);
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(printed).toContain("loom tenant create");
    expect(printed).not.toContain("sk-loom-");
    expect(existsSync(join(home, "demo.json"))).toBe(false);
    await database.close();
    rmSync(home, { recursive: true });
  });

  test("refuses a second gateway on the same home, naming the first", async () => {
    const gateway = await startTestGateway();
    const second = await gateway.loom(["start", "--port", "0"]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(String(gateway.child.pid));
    await gateway.close();
  });
});
