// One life of the embedded PostgreSQL server: adopt the one that runs, or start one and wait until it takes
// connections. The supervisor in embedded-postgres.ts strings such lives together.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { databaseName, programEnvironment } from "./embedded-cluster.js";
import { type EmbeddedPlace, prepareSocketFolder, socketPort } from "./embedded-place.js";
import {
  clearStalePostmaster,
  findLivePostmaster,
  type Postmaster,
  stopPostmaster,
  waitUntilReady,
} from "./postmaster.js";
import { readProcessFiles, readProcessStart } from "./process-identity.js";

export type ServerOptions = {
  readonly binaries: string;
  readonly place: EmbeddedPlace;
  /** false: for tests, nothing has to survive a power cut. */
  readonly durable: boolean;
};

export type RunningServer = {
  readonly pid: number;
  readonly url: string;
  readonly adopted: boolean;
  /** Resolves to the reason when the server is gone, whoever ended it. */
  readonly ended: Promise<string>;
};

/** Crash recovery after a power cut reads the log of the last minutes; it may take as long. */
const readyTimeoutMs = 10 * 60_000;
const stopOtherTimeoutMs = 30_000;
const watchEveryMs = 500;
const logBytesMax = 10 * 1024 * 1024;

/** The server of the place: the one that runs there if it is of this version, else a new one. */
export async function runServer(options: ServerOptions): Promise<RunningServer> {
  const { place } = options;
  const socketDir = await prepareSocketFolder(place);
  const live = findLivePostmaster(place.dataDir);
  if (live !== null) {
    const adopted = await adoptServer(live, options, socketDir);
    if (adopted !== null) return adopted;
  }
  await clearStalePostmaster(place.dataDir, socketDir);
  return startServer(options, socketDir);
}

/** null when it went away, or was of another version or place and has been stopped. */
async function adoptServer(live: Postmaster, options: ServerOptions, socketDir: string): Promise<RunningServer | null> {
  const { program } = readProcessFiles(live.pid);
  const isSameBuild = program === null || program === join(options.binaries, "bin", "postgres");
  if (!isSameBuild || live.status === "stopping") {
    await stopPostmaster(live.pid, stopOtherTimeoutMs);
    return null;
  }
  if (!(await waitUntilReady(live.pid, options.place.dataDir, readyTimeoutMs))) return null;
  // The socket folder is written before "ready", and may have been missing when the file was read first.
  const ready = findLivePostmaster(options.place.dataDir) ?? live;
  if (ready.socketDir !== socketDir || ready.port !== socketPort) {
    await stopPostmaster(ready.pid, stopOtherTimeoutMs);
    return null;
  }
  return { pid: ready.pid, url: socketUrl(ready), adopted: true, ended: watchProcess(ready.pid) };
}

async function startServer(options: ServerOptions, socketDir: string): Promise<RunningServer> {
  const { place } = options;
  const log = openLog(place.logFile);
  const logStart = fstatSync(log).size;
  const settings = {
    listen_addresses: "",
    port: String(socketPort),
    unix_socket_directories: `"${socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    ...(options.durable ? {} : { fsync: "off", full_page_writes: "off", synchronous_commit: "off" }),
  };
  const child = spawn(
    join(options.binaries, "bin", "postgres"),
    ["-D", place.dataDir, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    {
      cwd: "/",
      env: programEnvironment,
      stdio: ["ignore", log, log],
      // A process group of its own: Ctrl-C on the gateway is not for the server, the gateway stops it last.
      detached: true,
      ...(place.user === null ? {} : { uid: place.user.uid, gid: place.user.gid }),
    },
  );
  closeSync(log);
  const ended = once(child, "exit").then(
    ([code, signal]) => (signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
    (error: Error) => error.message,
  );
  child.unref();
  const { pid } = child;
  const isReady = pid !== undefined && (await waitUntilReady(pid, place.dataDir, readyTimeoutMs));
  if (!isReady) {
    const reason = await ended;
    throw new Error(`PostgreSQL did not start: ${reason}.\n${readLogFrom(place.logFile, logStart)}`);
  }
  return { pid, url: socketUrl({ socketDir, port: socketPort }), adopted: false, ended };
}

/** Everything is said in the URL, so that no PG* variable of the environment has a say. */
export function socketUrl(server: Pick<Postmaster, "socketDir" | "port">): string {
  const folder = encodeURIComponent(server.socketDir);
  return `postgres://${databaseName}@localhost:${server.port}/${databaseName}?host=${folder}&sslmode=disable`;
}

/** A server that is not our child announces its end to nobody: look. */
async function watchProcess(pid: number): Promise<string> {
  const start = readProcessStart(pid);
  while (start !== null && readProcessStart(pid) === start) await sleep(watchEveryMs, undefined, { ref: false });
  return "it ended";
}

/** The log grows by a few lines a day; the file of the time before is kept once. */
function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesMax) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o600);
}

function readLogFrom(path: string, start: number): string {
  return readFileSync(path).subarray(start).toString("utf8").trim().split("\n").slice(-20).join("\n");
}
