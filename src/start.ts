// Builds a whole gateway from a configuration, in the order in which its parts need each other, and stops it in
// the opposite one. The only file besides main.ts that knows every part.
import { mkdirSync } from "node:fs";
import { Authenticator } from "./authenticate/authenticate.js";
import { openChangeFeed } from "./authenticate/change-feed.js";
import { loadCaller, type OpenCredential } from "./authenticate/load-caller.js";
import { BytesInFlight } from "./bytes-in-flight.js";
import type { Config } from "./config/config.js";
import { Pools } from "./forward/pools.js";
import { Gateway } from "./gateway.js";
import { waits } from "./hand-off/hand-off.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import { keepDatabase } from "./keep-database.js";
import { keepLedger } from "./keep-ledger.js";
import { keepSnapshot } from "./keep-snapshot.js";
import { splitKeys } from "./keys/key-text.js";
import { type KeyWatch, watchMasterKeys } from "./keys/key-watch.js";
import { type MasterKeys, masterKeySource } from "./keys/master-key-source.js";
import { assertLimits } from "./limits.js";
import { ModelList } from "./list-models.js";
import { openFrontEnd } from "./listen/front-end.js";
import { drainListener, type Listener } from "./listen/listen.js";
import { type OpenedDatabase, openDatabase } from "./open-database.js";
import { openLanes } from "./open-lanes.js";
import { Opened } from "./opened.js";
import { openPool } from "./postgres/connect.js";
import { lockHome } from "./postgres/home-lock.js";
import type { Report } from "./report/report.js";
import type { RouteTable } from "./route/route.js";
import { startMock } from "./start-mock.js";

export type RunningGateway = {
  readonly url: string;
  readonly frontEnd: string;
  /** Why it is not the one that Loom would rather take, or null. */
  readonly frontEndNotice: string | null;
  readonly database: OpenedDatabase;
  readonly masterKeys: MasterKeys;
  /** Stops taking connections, lets open exchanges end up to the deadline, writes what is recorded, stops Postgres. */
  stop(): Promise<void>;
};

const authConnections = 4;
const laneDrainMs = 15_000;

/** What needs nothing of Loom yet: the home, the addon, the keys, the mock provider and the database. */
async function openGround(config: Config, report: Report, opened: Opened) {
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const lock = await lockHome(config.home);
  opened.add(() => lock.release());
  const frontEnd = openFrontEnd({
    home: config.home,
    acceptedSha256: config.frontEndSha256,
    asked: config.listen.frontEnd,
  });
  const masterKeys = await watchKeys(config, report);
  opened.add(() => masterKeys.stop());
  const startingMock = startMock();
  opened.add(async () => (await startingMock).stop());
  const database = await openDatabase(config, {
    onEvent: (event) => report.logger.warn(event, event.name),
    mayBeAway: true,
    onFault: (error) => report.logger.error({ err: error }, "migration_failed"),
  });
  opened.add(() => database.stop());
  return { frontEnd, masterKeys, database, mock: await startingMock };
}

async function watchKeys(config: Config, report: Report): Promise<KeyWatch> {
  const masterKeys = await watchMasterKeys(masterKeySource(config), {
    onFault(error) {
      const reason = error instanceof Error ? error.message : String(error);
      report.emit({ name: "master_keys_unusable", reason });
    },
  });
  masterKeys.onChange((keys) => {
    report.emit({ name: "master_keys_changed", versions: splitKeys(keys.reveal()).map(({ version }) => version) });
  });
  return masterKeys;
}

type Ground = Awaited<ReturnType<typeof openGround>>;

/** Keys and settings: the pool, the cache, and the feed that keeps the cache true. */
async function openAuthentication(
  config: Config,
  report: Report,
  { database, masterKeys }: Ground,
  opened: Opened,
  changes: { onTenant(tenantId: string, strict: boolean): void; onGap(): void },
) {
  const { emit } = report;
  const pool = openPool({
    url: database.url,
    max: authConnections,
    applicationName: "loom gateway",
    role: "loom_authenticator",
  });
  opened.add(() => pool.end());
  const credentials = openWorkerCalls(new URL("../workers/credentials.js", import.meta.url));
  opened.add(() => credentials.stop());
  const openCredential: OpenCredential = async (sealed) => {
    const open = (): Promise<string> => {
      const input = { ...sealed, sealed: Buffer.from(sealed.sealed, "base64"), masterKeys: masterKeys.keys.reveal() };
      return credentials.call<string>("openCredential", input);
    };
    try {
      return await open();
    } catch (error) {
      // It may be sealed under a version that was made a moment ago.
      if (await masterKeys.refresh()) return open();
      throw error;
    }
  };
  const authenticator = new Authenticator({
    ...config.auth,
    load: (keyHash) => loadCaller(pool, keyHash, openCredential, emit),
    now: () => performance.now(),
  });
  const snapshot = await keepSnapshot({
    home: config.home,
    authenticator,
    worker: credentials,
    masterKeys: () => masterKeys.keys.reveal(),
    onFailure: (reason) => report.logger.warn({ reason }, "key_snapshot_failed"),
  });
  opened.add(() => snapshot.stop());
  const listener = {
    onChange(tenantId: string, strict: boolean) {
      authenticator.noteChange(tenantId, strict);
      snapshot.noteChange();
      changes.onTenant(tenantId, strict);
    },
    onGap() {
      authenticator.noteGap();
      changes.onGap();
    },
  };
  const feed = await openChangeFeed(database.url, listener, emit);
  opened.add(() => feed.stop());
  return { authenticator, feed };
}

function makeTable(config: Config, { mock }: Ground): RouteTable {
  return {
    providers: new Map([...config.providers, mock.settings].map((settings) => [settings.name, settings])),
    routes: new Map(Object.entries(config.routes)),
    defaultProvider: config.defaultProvider,
  };
}

function makeUrl(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function openListener(config: Config, { frontEnd }: Ground, gateway: Gateway, emit: Report["emit"]): Promise<Listener> {
  return frontEnd.listen({
    ...config.listen,
    heldBytes: new BytesInFlight(config.listen.bodyBytesInFlightMax),
    onExchange: gateway.handle,
    onRefused: (error, path) => emit({ name: "exchange_refused", code: error.code, path }),
  });
}

async function build(
  config: Config,
  report: Report,
  opened: Opened,
  crashAt: string | null,
): Promise<Omit<RunningGateway, "stop">> {
  const { emit } = report;
  const ground = await openGround(config, report, opened);
  const ledger = keepLedger(config, ground.database.url, emit);
  // After the lanes, whose last windows leave checkpoints too.
  opened.add(() => ledger.stop());
  const masterKeyText = ground.masterKeys.keys.reveal();
  const { ledgerKey } = ledger;
  const lanesGround = { databaseUrl: ground.database.url, masterKeys: masterKeyText, ledgerKey, crashAt };
  const handOff = openLanes(config, lanesGround, ledger.emit);
  opened.add(() => handOff.stop(laneDrainMs));
  ground.masterKeys.onChange((keys) => handOff.renewKeys(keys.reveal()));
  const pools = new Pools({ ...config.upstream, emit });
  opened.add(() => pools.stop());
  const table = makeTable(config, ground);
  const models = new ModelList(table, pools);
  const keeper = keepDatabase({ url: ground.database.url, retentionDays: config.retentionDays, emit });
  opened.add(() => keeper.stop());
  const { authenticator, feed } = await openAuthentication(config, report, ground, opened, {
    onTenant(tenantId, strict) {
      pools.retireOwner(`tenant:${tenantId}`);
      models.forget(tenantId);
      if (strict) handOff.forgetKeys(tenantId);
    },
    onGap: () => handOff.forgetKeys(null),
  });

  let state: "serving" | "draining" = "serving";
  const gateway = new Gateway({
    authenticator,
    table,
    handOff,
    models,
    provider: {
      pools,
      timeouts: config.upstream,
      waitsForBegin: waits[config.durability].forBegin,
      tee: {
        captureBytesMax: config.capture.bytesMax,
        keepAliveCommentsMs: config.listen.keepAliveCommentsMs,
        held: new BytesInFlight(config.capture.bytesInFlightMax),
      },
      emit,
    },
    health: {
      handOff,
      counters: report.counters,
      isDraining: () => state === "draining",
      isDatabaseUp: () => feed.isConnected,
      strayRows: () => keeper.strayRows,
    },
    emit,
  });
  await handOff.whenOpen();
  const listener = await openListener(config, ground, gateway, emit);
  opened.add(async () => {
    state = "draining";
    await drainListener(listener, config.drainTimeoutMs);
  });
  const { frontEnd, database, masterKeys } = ground;
  const url = makeUrl(config.listen.host, listener.port);
  const { description, notice } = frontEnd;
  return { url, frontEnd: description, frontEndNotice: notice, database, masterKeys: masterKeys.first };
}

/** Rejects with an Error in plain words, with nothing left running. `crashAt` is for the fault suite only. */
export async function startGateway(
  config: Config,
  report: Report,
  crashAt: string | null = null,
): Promise<RunningGateway> {
  assertLimits();
  const opened = new Opened();
  try {
    const built = await build(config, report, opened, crashAt);
    return { ...built, stop: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
