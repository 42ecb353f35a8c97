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

export type GatewayProcess = {
  /** Without a path, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  /** Ends the process by SIGTERM and gives its exit code; the database stays. */
  stop(): Promise<number | null>;
};

export type TestGateway = GatewayProcess & {
  readonly home: string;
  /** The demo tenant's key. */
  readonly key: string;
  readonly database: TestDatabase;
  /** A pool on the gateway's database. */
  readonly pool: pg.Pool;
  /** Starts another process on the same home and database, once the first has ended. */
  startAgain(env?: Readonly<Record<string, string>>): Promise<GatewayProcess>;
  /** Runs `loom` with these arguments beside the gateway, and gives what it printed. */
  loom(args: readonly string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }>;
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

async function startProcess(env: NodeJS.ProcessEnv, home: string): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [main, "start"], { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stdout.on("data", (text) => (printed += String(text)));
  child.stderr.on("data", (text) => (printed += String(text)));
  const deadline = Date.now() + startTimeoutMs;
  while (!printed.includes("  Default ")) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`the gateway did not start:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url: /API {8}(http:\S+)\/v1/.exec(printed)?.[1] ?? "",
    child,
    output: () => printed,
    async stop() {
      child.kill("SIGTERM");
      return waitForExit(child);
    },
  };
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
    // Where the mock providers of tests are.
    LOOM_ALLOWED_HOSTS: "127.0.0.1",
    ...env,
  };
  const started: GatewayProcess[] = [];
  const start = async (more: Readonly<Record<string, string>>): Promise<GatewayProcess> => {
    const gateway = await startProcess({ ...whole, ...more }, home);
    started.push(gateway);
    return gateway;
  };
  const first = await start({}).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const { key } = JSON.parse(readFileSync(join(home, "demo.json"), "utf8")) as { key: string };
  return {
    ...first,
    key,
    home,
    database,
    pool: database.pool(3),
    startAgain: (more = {}) => start(more),
    loom: (args, input = "") => runLoom(whole, args, input),
    async close() {
      for (const { child } of started) if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await Promise.all(started.map(({ child }) => waitForExit(child)));
      await database.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
