// Entry of the process: hands the environment, the terminal and the signals to the command line, and nothing else.
// The only file of src/ with effects at import.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { SealCredential } from "./administer/provider-configs.js";
import type { ResealCredential } from "./administer/rotate-keys.js";
import type { SeedTraces } from "./administer/seed-tenants.js";
import { runProgram } from "./cli/program.js";
import type { WithDatabase } from "./cli/program-tools.js";
import type { Config } from "./config/config.js";
import { callDeadRows } from "./dead-rows.js";
import { examine } from "./doctor.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import { forgetSnapshot } from "./keep-snapshot.js";
import { findLedgerKey } from "./keys/ledger-key.js";
import { masterKeySource } from "./keys/master-key-source.js";
import { migrateDatabase, withDatabase } from "./open-database.js";
import { probeProviders } from "./probe-providers.js";
import { type Foreground, runGateway } from "./run-gateway.js";
import { type Channel, runSupervised } from "./run-supervised.js";
import { supervisedVariable } from "./supervise/gateway-process.js";

const packageFile = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

const withTools: WithDatabase = (config, work) =>
  withDatabase(config, async (pool) => {
    const worker = openWorkerCalls(new URL("../workers/credentials.js", import.meta.url));
    const readKeys = async () => (await masterKeySource(config).read()).keys.reveal();
    const sealCredential: SealCredential = async ({ credential, ...subject }) => {
      const masterKeys = await readKeys();
      return worker.call<Uint8Array>("sealCredential", { ...subject, credential: credential.reveal(), masterKeys });
    };
    const resealCredential: ResealCredential = async (input) =>
      worker.call<Uint8Array | null>("resealCredential", { ...input, masterKeys: await readKeys() });
    const deadRowWorker = openWorkerCalls(new URL("../workers/dead-rows.js", import.meta.url));
    const deadRows = callDeadRows({
      worker: deadRowWorker,
      databaseUrl: pool.options.connectionString ?? "",
      readMasterKeys: readKeys,
      readLedgerKey: async () => findLedgerKey(config)?.reveal(),
    });
    const seedWorker = openWorkerCalls(new URL("../workers/seed.js", import.meta.url));
    const seedTraces: SeedTraces = async (input) => {
      const keys = { masterKeys: await readKeys(), ledgerKey: findLedgerKey(config)?.reveal() };
      await seedWorker.call("seedTraces", { ...input, ...keys, databaseUrl: pool.options.connectionString ?? "" });
    };
    try {
      return await work(pool, { sealCredential, resealCredential, deadRows, seedTraces });
    } finally {
      await Promise.all([worker.stop(), deadRowWorker.stop(), seedWorker.stop()]);
    }
  });

async function callAudit<Answer>(config: Config | null, name: string, input: object): Promise<Answer> {
  const worker = openWorkerCalls(new URL("../workers/audit.js", import.meta.url));
  const call = (databaseUrl: string | null) => worker.call<Answer>(name, { ...input, databaseUrl });
  try {
    if (config === null || config.databaseUrl !== null) return await call(config?.databaseUrl?.reveal() ?? null);
    return await withDatabase(config, (pool) => call(pool.options.connectionString ?? ""));
  } finally {
    await worker.stop();
  }
}

const program = { entry: new URL("./main.js", import.meta.url), args: process.argv.slice(2), env: process.env };

/** Null in a process that nobody supervises. */
function channelToSupervisor(): Channel | null {
  if (process.env[supervisedVariable] === undefined || process.send === undefined) return null;
  return {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => process.on("message", listener),
    onClosed: (listener) => process.on("disconnect", listener),
  };
}

function start(config: Config): Promise<void> {
  const foreground: Foreground = {
    version,
    print: (banner) => process.stdout.write(banner),
    isTerminal: process.stdout.isTTY,
    startedAtMs: 0,
    crashAt: process.env["LOOM_CRASH_AT"] ?? null,
    onStopSignal: (listener) => {
      process.on("SIGINT", listener);
      process.on("SIGTERM", listener);
    },
    onUnforeseen: (listener) => {
      process.on("uncaughtException", listener);
      process.on("unhandledRejection", listener);
    },
    onRenewSignal: (listener) => void process.on("SIGHUP", listener),
    endAtOnce: () => process.exit(1),
    program,
  };
  const channel = channelToSupervisor();
  if (channel === null) return runGateway(config, foreground);
  return runSupervised(config, foreground, channel).finally(() => process.disconnect());
}

const takesColours = process.env["NO_COLOR"] === undefined;

process.exitCode = await runProgram(
  {
    version,
    env: process.env,
    cwd: process.cwd(),
    uid: process.getuid?.() ?? null,
    colours: { out: takesColours && process.stdout.isTTY, error: takesColours && process.stderr.isTTY },
    write: (line) => process.stdout.write(line),
    writeError: (line) => process.stderr.write(line),
    readInput: () => text(process.stdin),
    start,
    migrate: migrateDatabase,
    isWatched: process.stderr.isTTY,
    withDatabase: withTools,
    callAudit,
    probeProviders,
    examine,
    forgetSnapshot: (config, erasedAt) => forgetSnapshot(config.home, erasedAt),
  },
  process.argv.slice(2),
);
