// The supervisor of the embedded PostgreSQL, for trial and single-node use: makes the database at the first start,
// keeps one server running, stops it with the gateway. Hold the home lock before calling it.
import { join } from "node:path";
import { installBinaries, locateBinaries } from "./embedded-binaries.js";
import { ensureCluster, ensureDatabase } from "./embedded-cluster.js";
import { findRoot, preparePlace } from "./embedded-place.js";
import { type RunningServer, runServer, type ServerOptions, socketUrl } from "./embedded-server.js";
import { findLivePostmaster, stopPostmaster } from "./postmaster.js";

export type EmbeddedPostgresEvent =
  /** The server ended without being told to; it is started again after `restartInMs`. */
  | { readonly name: "server_ended"; readonly reason: string; readonly restartInMs: number }
  | { readonly name: "server_restarted"; readonly pid: number };

export type EmbeddedPostgresOptions = {
  readonly home: string;
  readonly onEvent?: (event: EmbeddedPostgresEvent) => void;
  /** false: for tests, nothing has to survive a power cut. Default true. */
  readonly durable?: boolean;
};

export type EmbeddedPostgres = {
  /** A URL for pg and libpq: the socket folder is its `host` parameter. It stays the same over restarts. */
  readonly url: string;
  /** Version of PostgreSQL, such as `18.4`. */
  readonly version: string;
  readonly dataDir: string;
  /** A server that an earlier Loom left behind was taken over. */
  readonly adopted: boolean;
  /** The database was made by this start. */
  readonly firstStart: boolean;
  /** Sentences for the banner. */
  readonly notes: readonly string[];
  /** Stops the server, adopted or not, and waits for it. May be called more than once. */
  stop(): Promise<void>;
};

/** Clients are cut off at once; writing the last checkpoint takes the time. */
const stopTimeoutMs = 20_000;
const restartFirstMs = 100;
const restartMaxMs = 30_000;
/** A server that lived this long has recovered: its next end starts with the shortest delay again. */
const healthyAfterMs = 30_000;

/** @throws Error in plain words: no package for the platform, wrong version, no user to run as, server's own message. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const durable = options.durable ?? true;
  const located = await locateBinaries();
  const place = await preparePlace(options.home);
  const binaries = await installBinaries(located, place.root);
  const firstStart = await ensureCluster({ binaries, durable, ...place }, located.version);
  const server: ServerOptions = { binaries, place, durable };
  const running = await runServer(server);
  await ensureDatabase(running.url).catch(async (error: unknown) => {
    await stopPostmaster(running.pid, stopTimeoutMs);
    throw error;
  });
  const keeper = new ServerKeeper(server, running, options.onEvent ?? (() => undefined));
  return {
    url: running.url,
    version: located.version.split(".", 2).join("."),
    dataDir: place.dataDir,
    adopted: running.adopted,
    firstStart,
    notes: place.notes,
    stop: () => keeper.stop(),
  };
}

/** The URL of the server that runs for a home, for a command beside a gateway; null when none runs. Never stop it. */
export async function findRunning(home: string): Promise<string | null> {
  const live = findLivePostmaster(join(await findRoot(home), "data"));
  return live?.status === "ready" ? socketUrl(live) : null;
}

type KeeperState =
  | { readonly name: "running"; readonly server: RunningServer; readonly sinceMs: number }
  | { readonly name: "waiting"; readonly timer: NodeJS.Timeout }
  | { readonly name: "starting"; readonly started: Promise<void> }
  | { readonly name: "stopping"; readonly stopped: Promise<void> };

/** running -> (ends) waiting -> starting -> running, and from each of them -> stopping. */
class ServerKeeper {
  readonly #options: ServerOptions;
  readonly #tell: (event: EmbeddedPostgresEvent) => void;
  #state: KeeperState;
  #delayMs = restartFirstMs;

  constructor(options: ServerOptions, server: RunningServer, tell: (event: EmbeddedPostgresEvent) => void) {
    this.#options = options;
    this.#tell = tell;
    this.#state = this.#watch(server);
  }

  stop(): Promise<void> {
    const state = this.#state;
    if (state.name === "stopping") return state.stopped;
    if (state.name === "waiting") clearTimeout(state.timer);
    const stopped = this.#stopAfter(state);
    this.#state = { name: "stopping", stopped };
    return stopped;
  }

  async #stopAfter(state: KeeperState): Promise<void> {
    await this.#stopLive();
    if (state.name !== "starting") return;
    // The start that was under way may have come to a server only now.
    await state.started;
    await this.#stopLive();
  }

  /** Asks the folder, not our memory: whatever runs there now is what must not be left behind. */
  async #stopLive(): Promise<void> {
    const live = findLivePostmaster(this.#options.place.dataDir);
    if (live !== null) await stopPostmaster(live.pid, stopTimeoutMs);
  }

  #watch(server: RunningServer): KeeperState {
    const state: KeeperState = { name: "running", server, sinceMs: Date.now() };
    void server.ended.then((reason) => {
      if (this.#state !== state) return;
      if (Date.now() - state.sinceMs > healthyAfterMs) this.#delayMs = restartFirstMs;
      this.#restartLater(reason);
    });
    return state;
  }

  #restartLater(reason: string): void {
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * 2, restartMaxMs);
    this.#state = { name: "waiting", timer: setTimeout(() => this.#restart(), delayMs).unref() };
    this.#tell({ name: "server_ended", reason, restartInMs: delayMs });
  }

  #restart(): void {
    const started = runServer(this.#options).then(
      (server) => {
        if (this.#state.name !== "starting") return;
        this.#state = this.#watch(server);
        this.#tell({ name: "server_restarted", pid: server.pid });
      },
      (error: Error) => {
        if (this.#state.name === "starting") this.#restartLater(error.message);
      },
    );
    this.#state = { name: "starting", started };
  }
}
