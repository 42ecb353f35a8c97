// Builds a whole gateway from a configuration, in the order in which its parts need each other, and stops it in
// the opposite one. The only file besides main.ts that knows every part.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { Authenticator } from "./authenticate/authenticate.js";
import { openChangeFeed } from "./authenticate/change-feed.js";
import { loadCaller } from "./authenticate/load-caller.js";
import type { Config } from "./config/config.js";
import { ensureMasterKeys, type MasterKeys } from "./config/master-keys.js";
import { Pools } from "./forward/pools.js";
import { Gateway } from "./gateway.js";
import { openHandOff, waits } from "./hand-off/hand-off.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import { assertLimits, limits } from "./limits.js";
import { ModelList } from "./list-models.js";
import { listen } from "./listen/listen.js";
import { loadFrontEnd } from "./listen/native-addon.js";
import { type OpenedDatabase, openDatabase } from "./open-database.js";
import { openPool } from "./postgres/connect.js";
import { lockHome } from "./postgres/home-lock.js";
import { keepPartitionsAhead } from "./postgres/partitions.js";
import type { Report } from "./report/report.js";
import type { RouteTable } from "./route/route.js";
import { startMock } from "./start-mock.js";

export type RunningGateway = {
  readonly url: string;
  readonly frontEnd: string;
  readonly database: OpenedDatabase;
  readonly masterKeys: MasterKeys;
  /** Stops taking connections, lets open exchanges end up to the deadline, writes what is recorded, stops Postgres. */
  stop(): Promise<void>;
};

const authConnections = 4;
const laneDrainMs = 15_000;

/** What was opened, closed in the opposite order; also when a later step of the start fails. */
class Opened {
  readonly #closers: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

async function build(config: Config, report: Report, opened: Opened): Promise<Omit<RunningGateway, "stop">> {
  const { emit } = report;
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const lock = await lockHome(config.home);
  opened.add(() => lock.release());
  const frontEnd = loadFrontEnd({
    home: config.home,
    acceptedSha256: config.frontEndSha256,
    headerBytesMax: limits.headerBytesMax,
  });
  const masterKeys = ensureMasterKeys(config);
  const startingMock = startMock();
  opened.add(async () => (await startingMock).stop());
  const database = await openDatabase(config, (event) => report.logger.warn(event, event.name));
  opened.add(() => database.stop());
  const mock = await startingMock;

  const pool = openPool({ url: database.url, max: authConnections, applicationName: "loom gateway" });
  opened.add(() => pool.end());
  const partitions = keepPartitionsAhead(pool, {
    onError: (error) => report.logger.error({ error }, "partitions_failed"),
  });
  opened.add(() => partitions.stop());
  const credentials = openWorkerCalls(new URL("../workers/credentials.js", import.meta.url));
  opened.add(() => credentials.stop());

  const handOff = openHandOff({
    lanes: config.lanes,
    laneWorker: new URL("../workers/lane.js", import.meta.url),
    durability: config.durability,
    nodeId: hostname(),
    bootId: randomUUID(),
    databaseUrl: database.url,
    masterKeys: masterKeys.keys.reveal(),
    emit,
  });
  opened.add(() => handOff.stop(laneDrainMs));

  const pools = new Pools({ ...config.upstream, emit });
  opened.add(() => pools.stop());
  const table: RouteTable = {
    providers: new Map([...config.providers, mock.settings].map((settings) => [settings.name, settings])),
    routes: new Map(Object.entries(config.routes)),
    defaultProvider: config.defaultProvider,
  };
  const models = new ModelList(table, pools);
  const openCredential = (sealed: { readonly sealed: string }): Promise<string> => {
    const input = { ...sealed, sealed: Buffer.from(sealed.sealed, "base64"), masterKeys: masterKeys.keys.reveal() };
    return credentials.call<string>("openCredential", input);
  };
  const authenticator = new Authenticator({
    ...config.auth,
    load: (keyHash) => loadCaller(pool, keyHash, openCredential, emit),
    now: () => performance.now(),
  });
  const feed = await openChangeFeed(
    database.url,
    {
      onChange(tenantId, strict) {
        authenticator.noteChange(tenantId, strict);
        pools.retireOwner(`tenant:${tenantId}`);
        models.forget(tenantId);
      },
      onGap: () => authenticator.noteGap(),
    },
    emit,
  );
  opened.add(() => feed.stop());

  let state: "serving" | "draining" = "serving";
  const gateway = new Gateway({
    authenticator,
    table,
    handOff,
    models,
    chat: { pools, timeouts: config.upstream, waitsForBegin: waits[config.durability].forBegin, emit },
    health: {
      handOff,
      counters: report.counters,
      isDraining: () => state === "draining",
      isDatabaseUp: () => feed.isConnected,
    },
    emit,
  });
  const listener = await listen(frontEnd.addon, {
    ...config.listen,
    onExchange: gateway.handle,
    onRefused: (error, path) => emit({ name: "exchange_refused", code: error.code, path }),
  });
  opened.add(async () => {
    state = "draining";
    listener.stop();
    const deadline = performance.now() + config.drainTimeoutMs;
    while (listener.open > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    listener.close();
  });
  const host = config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host;
  return { url: `http://${host}:${listener.port}`, frontEnd: frontEnd.description, database, masterKeys };
}

/** Rejects with an Error in plain words, with nothing left running. */
export async function startGateway(config: Config, report: Report): Promise<RunningGateway> {
  assertLimits();
  const opened = new Opened();
  try {
    const built = await build(config, report, opened);
    return { ...built, stop: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
