// Builds a whole gateway from a configuration, in the order in which its parts need each other, and stops it in
// the opposite one. The only file besides main.ts that knows every part.
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChatParts } from "./chat-plan.js";
import { openMetricCollector } from "./collect-metrics.js";
import type { Config, ProviderSettings } from "./config/config.js";
import { Pools } from "./forward/pools.js";
import { Gateway, pathLabel } from "./gateway.js";
import { waits } from "./hand-off/hand-off.js";
import { keepDatabase } from "./keep-database.js";
import { keepLedger } from "./keep-ledger.js";
import { keepPushing } from "./keep-pushing.js";
import { splitKeys } from "./keys/key-text.js";
import { type KeyWatch, watchMasterKeys } from "./keys/key-watch.js";
import { type MasterKeys, masterKeySource } from "./keys/master-key-source.js";
import { assertLimits, limits } from "./limits.js";
import { ModelList } from "./list-models.js";
import { type Listener, listen } from "./listen/listen.js";
import { loadFrontEnd } from "./listen/native-addon.js";
import { openAuthentication } from "./open-authentication.js";
import { type OpenedDatabase, openDatabase } from "./open-database.js";
import { openLanes } from "./open-lanes.js";
import { lockHome } from "./postgres/home-lock.js";
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

/** What only the process itself knows. */
export type ProcessFacts = {
  readonly version: string;
  /** LOOM_CRASH_AT, for the fault suite; null in every real run. */
  readonly crashAt: string | null;
};

const laneDrainMs = 15_000;
const drainPollMs = 20;

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

/** What needs nothing of Loom yet: the home, the addon, the keys, the mock provider and the database. */
async function openGround(config: Config, report: Report, opened: Opened) {
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const lock = await lockHome(config.home);
  opened.add(() => lock.release());
  const frontEnd = loadFrontEnd({
    home: config.home,
    acceptedSha256: config.frontEndSha256,
    headerBytesMax: limits.headerBytesMax,
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

function makeTable(config: Config, mock: ProviderSettings): RouteTable {
  return {
    providers: new Map([...config.providers, mock].map((settings) => [settings.name, settings])),
    routes: new Map(Object.entries(config.routes)),
    defaultProvider: config.defaultProvider,
  };
}

function makeChat(config: Config, pools: Pools, emit: Report["emit"]): ChatParts {
  return {
    pools,
    timeouts: config.upstream,
    waitsForBegin: waits[config.durability].forBegin,
    sampler: config.otel.traces === null ? null : config.otel.sampler,
    traffic: { streams: 0, requestBytes: 0 },
    emit,
  };
}

async function build(
  config: Config,
  report: Report,
  opened: Opened,
  { version, crashAt }: ProcessFacts,
): Promise<Omit<RunningGateway, "stop">> {
  const { emit } = report;
  const ground = await openGround(config, report, opened);
  const ledger = keepLedger(config, ground.database.url, emit);
  // After the lanes, whose last windows leave checkpoints too.
  opened.add(() => ledger.stop());
  const masterKeyText = ground.masterKeys.keys.reveal();
  const { ledgerKey } = ledger;
  const lanesGround = { databaseUrl: ground.database.url, masterKeys: masterKeyText, ledgerKey, crashAt };
  const handOff = openLanes(config, lanesGround, ledger.emit, report.metrics);
  opened.add(() => handOff.stop(laneDrainMs));
  ground.masterKeys.onChange((keys) => handOff.renewKeys(keys.reveal()));
  const pools = new Pools({ ...config.upstream, emit });
  opened.add(() => pools.stop());
  const table = makeTable(config, ground.mock.settings);
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
  const now = {
    handOff,
    isDraining: () => state === "draining",
    isDatabaseUp: () => feed.isConnected,
    strayRows: () => keeper.strayRows,
  };
  const chat = makeChat(config, pools, emit);
  const { traffic } = chat;
  const collector = openMetricCollector({ ...now, counted: report.metrics, version, pools, authenticator, traffic });
  opened.add(() => collector.stop());
  const pusher = keepPushing(config, () => collector.collect(), emit);
  opened.add(() => pusher?.stop());
  const gateway = new Gateway({
    authenticator,
    table,
    handOff,
    models,
    chat,
    health: { ...now, counters: report.counters },
    metrics: config.metrics.enabled ? { token: config.metrics.token, collect: () => collector.collect() } : null,
    emit,
  });
  await handOff.whenOpen();
  const listener = await listen(ground.frontEnd.addon, {
    ...config.listen,
    onExchange: gateway.handle,
    onRefused: (error, path) => emit({ name: "exchange_refused", code: error.code, path: pathLabel(path) }),
  });
  opened.add(async () => {
    state = "draining";
    await drain(listener, config.drainTimeoutMs);
  });
  const host = config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host;
  const { frontEnd, database, masterKeys } = ground;
  const url = `http://${host}:${listener.port}`;
  return { url, frontEnd: frontEnd.description, database, masterKeys: masterKeys.first };
}

/** Stops listening and lets open exchanges end up to the deadline; what is open then is cut. */
async function drain(listener: Listener, timeoutMs: number): Promise<void> {
  listener.stop();
  const deadline = performance.now() + timeoutMs;
  while (listener.open > 0 && performance.now() < deadline) await sleep(drainPollMs);
  listener.close();
}

/** Rejects with an Error in plain words, with nothing left running. */
export async function startGateway(config: Config, report: Report, facts: ProcessFacts): Promise<RunningGateway> {
  assertLimits();
  const opened = new Opened();
  try {
    const built = await build(config, report, opened, facts);
    return { ...built, stop: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
