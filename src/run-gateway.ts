// The `start` command: a gateway in the foreground, from its banner to its last line.
import { hasSqlState, insufficientPrivilege } from "./administer/database.js";
import { prepareDemoTenant } from "./administer/demo-tenant.js";
import { makeBanner } from "./banner.js";
import type { Config } from "./config/config.js";
import { countEvent } from "./count-event.js";
import { readDemo, writeDemo } from "./demo.js";
import { openGround } from "./ground.js";
import { openPool } from "./postgres/connect.js";
import { makeLogger, openReport, type Report } from "./report/report.js";
import { type Program, type RunningProcesses, startProcesses } from "./run-supervisor.js";
import { type RunningGateway, startGateway } from "./start.js";

const loopback = /^(?:127\.|\[?::1\]?$|localhost$)/;
const noDemoNote =
  "No demo key is made on an address that others can reach. Make a key: loom tenant create <name>, then loom key create --tenant <name>.";

/** Makes the demo tenant of a new database and keeps its key where scripts find it. Null when there is none. */
async function prepareDemo(
  config: Config,
  gateway: Pick<RunningGateway, "url" | "database">,
): Promise<{ key: string; file: string } | null> {
  if (!loopback.test(config.listen.host)) return null;
  const known = readDemo(config.home);
  const keep = (key: string, tenant: string) => ({
    key,
    file: writeDemo(config.home, { url: gateway.url, key, tenant }),
  });
  if (!gateway.database.isReached) return known === null ? null : keep(known.key, known.tenant);
  const pool = openPool({ url: gateway.database.url, max: 1, applicationName: "loom demo" });
  try {
    const demo = await prepareDemoTenant(pool, known?.key ?? null);
    return demo === null ? null : keep(demo.key, demo.tenant);
  } catch (error) {
    // A login that is only a member of the roles that a gateway needs makes no tenants.
    if (hasSqlState(error, insufficientPrivilege)) return null;
    throw error;
  } finally {
    await pool.end();
  }
}

/** The parts of a process that a foreground command touches. */
export type Foreground = {
  readonly version: string;
  readonly print: (text: string) => void;
  /** Whether a person watches the log. */
  readonly isTerminal: boolean;
  /** Monotonic time of the process's start, ms. */
  readonly startedAtMs: number;
  /** Where the fault suite has the process end by SIGKILL: LOOM_CRASH_AT, null in every real run. */
  readonly crashAt: string | null;
  onStopSignal(listener: () => void): void;
  /** SIGHUP. */
  onRenewSignal(listener: () => void): void;
  onUnforeseen(listener: (error: unknown) => void): void;
  endAtOnce(): void;
  /** How the processes of `config.processes` are started. */
  readonly program: Program;
};

type Opened = Omit<RunningGateway, "describe"> & { readonly processes: Pick<RunningProcesses, "roll" | "kill"> | null };

async function open(config: Config, report: Report, { version, crashAt, program }: Foreground): Promise<Opened> {
  if (config.processes === 1) {
    const gateway = await startGateway(config, report, { version, crashAt, openGround, peers: null });
    return { ...gateway, processes: null };
  }
  const processes = await startProcesses(config, report, program);
  return { ...processes, processes };
}

/** Resolves when the gateway has stopped. Rejects with an Error in plain words when it cannot start. */
export async function runGateway(config: Config, foreground: Foreground): Promise<void> {
  const { format } = config.log;
  const logger = makeLogger(config.logLevel, format === "auto" ? foreground.isTerminal : format === "pretty");
  const report = openReport(logger, countEvent);
  // What nobody foresaw in one exchange must not end the others.
  foreground.onUnforeseen((error) => logger.error({ err: error }, "unforeseen"));

  let signals = 0;
  let endAtOnce = foreground.endAtOnce;
  const stopAsked = new Promise<void>((resolve) => {
    foreground.onStopSignal(() => {
      signals += 1;
      if (signals > 1) endAtOnce();
      resolve();
    });
  });
  const gateway = await open(config, report, foreground);
  if (gateway.processes !== null) {
    const { kill, roll } = gateway.processes;
    endAtOnce = () => {
      kill();
      foreground.endAtOnce();
    };
    foreground.onRenewSignal(() => void roll());
  }
  const demo = await prepareDemo(config, gateway).catch(async (error: unknown) => {
    await gateway.stop();
    throw error;
  });
  foreground.print(
    makeBanner(config, {
      version: foreground.version,
      readyMs: performance.now() - foreground.startedAtMs,
      url: gateway.url,
      frontEnd: gateway.frontEnd,
      database: gateway.database.description,
      home: config.home,
      madeDatabase: gateway.database.firstStart,
      keyFileMade: gateway.masterKeys.made ? gateway.masterKeys.file : null,
      demo,
      notes: [
        ...(gateway.frontEndNotice === null ? [] : [gateway.frontEndNotice]),
        ...gateway.database.notes,
        ...(loopback.test(config.listen.host) ? [] : [noDemoNote]),
      ],
    }),
  );
  await stopAsked;
  logger.info("stopping");
  await gateway.stop();
  logger.info(report.counters, "stopped");
}
