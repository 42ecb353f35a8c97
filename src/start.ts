// Builds a whole gateway from a configuration, in the order in which its parts need each other, and stops it in
// the opposite one. The only file besides main.ts that knows every part.
import { setTimeout as sleep } from "node:timers/promises";
import { Authenticator } from "./authenticate/authenticate.js";
import { openChangeFeed } from "./authenticate/change-feed.js";
import { loadCaller, type OpenCredential } from "./authenticate/load-caller.js";
import type { Config } from "./config/config.js";
import { Pools } from "./forward/pools.js";
import { Gateway } from "./gateway.js";
import { type Ground, Opened, openGround } from "./ground.js";
import { waits } from "./hand-off/hand-off.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import { keepDatabase } from "./keep-database.js";
import { keepLedger } from "./keep-ledger.js";
import { keepSnapshot } from "./keep-snapshot.js";
import type { MasterKeys } from "./keys/master-key-source.js";
import { assertLimits } from "./limits.js";
import { ModelList } from "./list-models.js";
import { type Listener, listen } from "./listen/listen.js";
import type { OpenedDatabase } from "./open-database.js";
import { openLanes } from "./open-lanes.js";
import { openPool } from "./postgres/connect.js";
import type { Report } from "./report/report.js";
import type { RouteTable } from "./route/route.js";

export type RunningGateway = {
  readonly url: string;
  readonly frontEnd: string;
  readonly database: OpenedDatabase;
  readonly masterKeys: MasterKeys;
  /**
   * Stops taking connections, lets open exchanges end up to the deadline, and idle connections have one more answer
   * for `lingerMs`; writes what is recorded, stops Postgres if it is its own.
   */
  stop(lingerMs?: number): Promise<void>;
};

const authConnections = 4;
const laneDrainMs = 15_000;
const drainPollMs = 20;

/** Keys and settings: the pool, the cache, and the feed that keeps the cache true. */
async function openAuthentication(
  config: Config,
  report: Report,
  { database, masterKeys, place }: Ground,
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
    place,
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

async function build(
  config: Config,
  report: Report,
  opened: Opened,
  { crashAt, openGround: open }: StartOptions,
  linger: { readonly ms: number },
): Promise<Omit<RunningGateway, "stop">> {
  const { emit } = report;
  const ground = await open(config, report, opened);
  const ledger = keepLedger(config, ground.database.url, emit);
  // After the lanes, whose last windows leave checkpoints too.
  opened.add(() => ledger.stop());
  const masterKeyText = ground.masterKeys.keys.reveal();
  const { ledgerKey } = ledger;
  const lanesGround = { databaseUrl: ground.database.url, masterKeys: masterKeyText, ledgerKey, crashAt };
  const handOff = openLanes(config, { ...lanesGround, place: ground.place }, ledger.emit);
  opened.add(() => handOff.stop(laneDrainMs));
  ground.masterKeys.onChange((keys) => handOff.renewKeys(keys.reveal()));
  const pools = new Pools({ ...config.upstream, emit });
  opened.add(() => pools.stop());
  const table: RouteTable = {
    providers: new Map([...config.providers, ground.mock].map((settings) => [settings.name, settings])),
    routes: new Map(Object.entries(config.routes)),
    defaultProvider: config.defaultProvider,
  };
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
    chat: { pools, timeouts: config.upstream, waitsForBegin: waits[config.durability].forBegin, emit },
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
  const listener = await listen(ground.frontEnd.addon, {
    ...config.listen,
    port: ground.place.port,
    sharesPort: ground.place.slots > 1,
    onExchange: gateway.handle,
    onRefused: (error, path) => emit({ name: "exchange_refused", code: error.code, path }),
  });
  opened.add(async () => {
    state = "draining";
    await drain(listener, config.drainTimeoutMs, linger.ms);
  });
  const host = config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host;
  const { frontEnd, database, masterKeys } = ground;
  const url = `http://${host}:${listener.port}`;
  return { url, frontEnd: frontEnd.description, database, masterKeys: masterKeys.first };
}

/**
 * Stops listening and lets open exchanges end up to the deadline; what is open then is cut. Idle connections have
 * `lingerMs` for one more request, whose answer tells the client to open another connection.
 */
async function drain(listener: Listener, timeoutMs: number, lingerMs: number): Promise<void> {
  listener.stop();
  const startedAt = performance.now();
  const isOver = (ms: number) => performance.now() - startedAt >= ms;
  while (listener.open > 0 && !isOver(timeoutMs)) await sleep(drainPollMs);
  while (listener.connections > 0 && !isOver(lingerMs)) await sleep(drainPollMs);
  while (listener.open > 0 && !isOver(timeoutMs)) await sleep(drainPollMs);
  listener.close();
}

export type StartOptions = {
  /** For the fault suite only. */
  readonly crashAt: string | null;
  /** Own ground, or that of a supervisor. */
  readonly openGround: typeof openGround;
};

/** Rejects with an Error in plain words, with nothing left running. */
export async function startGateway(
  config: Config,
  report: Report,
  options: StartOptions = { crashAt: null, openGround },
): Promise<RunningGateway> {
  assertLimits();
  const opened = new Opened();
  try {
    const linger = { ms: 0 };
    const built = await build(config, report, opened, options, linger);
    const stop = (lingerMs = 0): Promise<void> => {
      linger.ms = lingerMs;
      return opened.close();
    };
    return { ...built, stop };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
