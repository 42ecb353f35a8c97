// The `start` command with several processes: what they share is opened once, here; each of them is this same program
// under another word. The supervisor takes no request itself.
import { randomUUID } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { Config } from "./config/config.js";
import { openSharedGround } from "./ground.js";
import { findLeftFolders } from "./hand-off/spool-folders.js";
import { ensureLedgerKey } from "./keys/ledger-key.js";
import { Opened } from "./opened.js";
import type { Report } from "./report/report.js";
import type { RunningGateway } from "./start.js";
import { GatewayProcess } from "./supervise/gateway-process.js";
import { SpoolClaims } from "./supervise/spool-claims.js";
import { Supervisor } from "./supervise/supervisor.js";

/** How another process of the same program is started. */
export type Program = {
  /** File URL of the compiled main.js. */
  readonly entry: URL;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
};

export type RunningProcesses = Omit<RunningGateway, "describe"> & {
  /** Replaces the processes one by one. */
  roll(): Promise<void>;
  /** Ends them without an order. */
  kill(): void;
};

/** A process that is replaced goes on so long for connections that are idle. */
const lingerMs = 2000;
/** Beyond the time for open exchanges: the lanes' drain and the end of the database connections. */
const stopSlackMs = 20_000;

/**
 * The port itself, or a free one for 0, which the addon would not share. Processes share a port with whoever asks for
 * it: another program on it would be found by a part of the clients only.
 */
function findPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", () =>
      reject(new Error(`Port ${port} on ${host} cannot be opened: it is taken or not allowed.`)),
    );
    server.listen({ host, port, exclusive: true }, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}

/** Rejects with an Error in plain words, with nothing left running. */
export async function startProcesses(config: Config, report: Report, program: Program): Promise<RunningProcesses> {
  const opened = new Opened();
  try {
    const { frontEnd, masterKeys, database, mock } = await openSharedGround(config, report, opened);
    if (frontEnd.name === "node") {
      throw new Error(
        `Several processes need the native front end, since node:http shares no port. Set LOOM_PROCESSES=1.${frontEnd.notice === null ? "" : ` (${frontEnd.notice})`}`,
      );
    }
    ensureLedgerKey(config);
    const port = await findPort(config.listen.host, config.listen.port);
    const claims = new SpoolClaims(() => findLeftFolders(join(config.home, "spool")));
    const { url, description, notes, firstStart, isReached } = database;
    const { credential: _, ...mockSettings } = mock;
    const supervisor = new Supervisor({
      slots: config.processes,
      stopDeadlineMs: config.drainTimeoutMs + stopSlackMs,
      lingerMs,
      emit: report.emit,
      spawn(slot, onMessage) {
        const bootId = randomUUID();
        const place = { slot, slots: config.processes, bootId, adopt: claims.take(bootId), port };
        const ground = { database: { url, description, notes, firstStart, isReached }, mock: mockSettings, place };
        const process = new GatewayProcess({ ...program, ground, onMessage });
        void process.exited.then(() => claims.release(bootId));
        return process;
      },
    });
    opened.add(() => supervisor.stop());
    const first = await supervisor.start();
    return {
      url: first.url,
      frontEnd: `${frontEnd.description}, ${config.processes} processes`,
      frontEndNotice: frontEnd.notice,
      database,
      masterKeys: masterKeys.first,
      stop: () => opened.close(),
      roll: () => supervisor.roll(),
      kill: () => supervisor.kill(),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
