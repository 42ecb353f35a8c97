// A real gateway for a test: the compiled process with a home and a database of its own, and the mock provider as
// its upstream. `npm test` compiles first; a test run by hand uses what was last compiled.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { openTestDatabase, type TestDatabase } from "./database.js";

const main = fileURLToPath(new URL("../../dist/src/main.js", import.meta.url));
const startTimeoutMs = 20_000;

export type TestGateway = {
  /** Without a path, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly home: string;
  /** The demo tenant's key. */
  readonly key: string;
  readonly database: TestDatabase;
  /** A pool on the gateway's database. */
  readonly pool: pg.Pool;
  readonly child: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  /** Runs `loom` with these arguments beside the gateway, and gives what it printed. */
  loom(args: readonly string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Ends the process by SIGTERM and gives its exit code; the database stays. */
  stop(): Promise<number | null>;
  /** Stops what still runs and removes home and database. */
  close(): Promise<void>;
};

function waitForExit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("exit", resolve));
}

function runLoom(env: NodeJS.ProcessEnv, args: readonly string[], input: string): ReturnType<TestGateway["loom"]> {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => (stderr += String(text)));
  child.stdin.end(input);
  return waitForExit(child).then((code) => ({ code: code ?? -1, stdout, stderr }));
}

/** Starts a gateway on a free port. `env` is added to an environment that holds nothing of the tester's own. */
export async function startTestGateway(env: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  if (!existsSync(main)) throw new Error("dist/ is missing: run `npm run build` before this test");
  const database = await openTestDatabase();
  const home = mkdtempSync(join(tmpdir(), "loom-gateway-"));
  const whole = {
    PATH: process.env.PATH,
    PORT: "0",
    LOOM_HOME: home,
    DATABASE_URL: database.url,
    LOG_LEVEL: "info",
    ...env,
  };
  const child = spawn(process.execPath, [main, "start"], { env: whole, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stdout.on("data", (text) => (printed += String(text)));
  child.stderr.on("data", (text) => (printed += String(text)));
  const deadline = Date.now() + startTimeoutMs;
  while (!/ready in [\d.]+ s/.test(printed)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      await database.close();
      throw new Error(`the gateway did not start:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const demo = JSON.parse(readFileSync(join(home, "demo.json"), "utf8")) as { url: string; key: string };
  return {
    url: demo.url,
    key: demo.key,
    home,
    database,
    pool: database.pool(3),
    child,
    output: () => printed,
    loom: (args, input = "") => runLoom(whole, args, input),
    async stop() {
      child.kill("SIGTERM");
      return waitForExit(child);
    },
    async close() {
      if (child.exitCode === null) child.kill("SIGTERM");
      await waitForExit(child);
      await database.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
