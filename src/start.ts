// Builds a whole gateway from a configuration, in the order in which its parts need each other, and stops it in
// the opposite one. The only file besides main.ts that knows every part.
import { type Peers, type ProcessReport, speakForAll } from "./answer-for-all.js";
import { BytesInFlight } from "./bytes-in-flight.js";
import { openMetricCollector } from "./collect-metrics.js";
import type { Config, ProviderSettings } from "./config/config.js";
import { drain } from "./drain.js";
import { Pools } from "./forward/pools.js";
import { Gateway, pathLabel } from "./gateway.js";
import type { Ground, openGround } from "./ground.js";
import { waits } from "./hand-off/hand-off.js";
import { readReadiness } from "./health.js";
import { keepDatabase } from "./keep-database.js";
import { keepLedger } from "./keep-ledger.js";
import { keepPushing } from "./keep-pushing.js";
import type { MasterKeys } from "./keys/master-key-source.js";
import { assertLimits } from "./limits.js";
import { ModelList } from "./list-models.js";
import { openAuthentication } from "./open-authentication.js";
import type { OpenedDatabase } from "./open-database.js";
import { openLanes } from "./open-lanes.js";
import { type OpenedSite, openSite } from "./open-site.js";
import { Opened } from "./opened.js";
import type { ProviderParts } from "./provider-parts.js";
import type { Report } from "./report/report.js";
import type { RouteTable } from "./route/route.js";

export type RunningGateway = {
  readonly url: string;
  readonly frontEnd: string;
  /** Why it is not the one that Loom would rather take, or null. */
  readonly frontEndNotice: string | null;
  readonly database: OpenedDatabase;
  readonly masterKeys: MasterKeys;
  /** What this process says of itself. */
  readonly describe: () => ProcessReport;
  /**
   * Stops taking connections, lets open exchanges end up to the deadline, and idle connections have one more answer
   * for `lingerMs`; writes what is recorded, stops Postgres if it is its own.
   */
  stop(lingerMs?: number): Promise<void>;
};

/** What only the process itself knows. */
export type ProcessFacts = {
  readonly version: string;
  /** LOOM_CRASH_AT, for the fault suite; null in every real run. */
  readonly crashAt: string | null;
  /** Own ground, or that of a supervisor. */
  readonly openGround: typeof openGround;
  /** The processes on the same port; null for a process alone. */
  readonly peers: Peers | null;
};

const laneDrainMs = 15_000;

function makeTable(config: Config, mock: ProviderSettings): RouteTable {
  return {
    providers: new Map([...config.providers, mock].map((settings) => [settings.name, settings])),
    routes: new Map(Object.entries(config.routes)),
    defaultProvider: config.defaultProvider,
  };
}

function makeProviderParts(config: Config, pools: Pools, emit: Report["emit"]): ProviderParts {
  return {
    pools,
    timeouts: config.upstream,
    waitsForBegin: waits[config.durability].forBegin,
    tee: {
      captureBytesMax: config.capture.bytesMax,
      keepAliveCommentsMs: config.listen.keepAliveCommentsMs,
      held: new BytesInFlight(config.capture.bytesInFlightMax),
    },
    sampler: config.otel.traces === null ? null : config.otel.sampler,
    traffic: { streams: 0, requestBytes: 0 },
    emit,
  };
}

async function build(
  config: Config,
  report: Report,
  opened: Opened,
  { version, crashAt, openGround: open, peers }: ProcessFacts,
  linger: Linger,
): Promise<Omit<RunningGateway, "stop">> {
  const { emit } = report;
  const ground = await open(config, report, opened);
  const { masterKeys, database } = ground;
  const ledger = keepLedger(config, database.url, emit);
  // After the lanes, whose last windows leave checkpoints too.
  opened.add(() => ledger.stop());
  const { ledgerKey } = ledger;
  const lanesGround = { databaseUrl: database.url, masterKeys: masterKeys.keys.reveal(), ledgerKey, crashAt };
  const handOff = openLanes(config, { ...lanesGround, place: ground.place }, ledger.emit, report.metrics);
  opened.add(() => handOff.stop(laneDrainMs));
  masterKeys.onChange((keys) => handOff.renewKeys(keys.reveal()));
  const pools = new Pools({ ...config.upstream, emit });
  opened.add(() => pools.stop());
  const table = makeTable(config, ground.mock);
  const models = new ModelList(table, pools);
  const keeper = keepDatabase({ url: database.url, retentionDays: config.retentionDays, emit });
  opened.add(() => keeper.stop());
  const { authenticator, feed, pool } = await openAuthentication(config, report, ground, opened, {
    onTenant(tenantId, strict) {
      pools.retireOwner(`tenant:${tenantId}`);
      models.forget(tenantId);
      if (strict) handOff.forgetKeys(tenantId);
    },
    onGap: () => handOff.forgetKeys(null),
  });

  const { site, stop: stopSite } = openSite(config, { databaseUrl: database.url, masterKeys, auditor: pool });
  opened.add(stopSite);
  const now = {
    handOff,
    isDraining: () => linger.state === "draining",
    isDatabaseUp: () => feed.isConnected,
    strayRows: () => keeper.strayRows,
  };
  const provider = makeProviderParts(config, pools, emit);
  const { traffic } = provider;
  const collector = openMetricCollector({ ...now, counted: report.metrics, version, pools, authenticator, traffic });
  opened.add(() => collector.stop());
  const pusher = keepPushing(config, () => collector.collect(), emit);
  opened.add(() => pusher?.stop());
  const own = {
    readiness: () => readReadiness({ ...now, counters: report.counters }),
    metrics: () => collector.collect(),
  };
  const all = speakForAll(peers, own);
  const gateway = new Gateway({
    authenticator,
    table,
    handOff,
    models,
    provider,
    readiness: all.readiness,
    metrics: config.metrics.enabled ? { token: config.metrics.token, collect: all.metrics } : null,
    site,
    emit,
  });
  await handOff.whenOpen();
  const url = await openDoor(config, ground, { gateway, site, opened, linger, emit });
  const describe = (): ProcessReport => ({ metrics: own.metrics(), readiness: own.readiness() });
  const { description, notice } = ground.frontEnd;
  const { first } = masterKeys;
  return { url, frontEnd: description, frontEndNotice: notice, database, masterKeys: first, describe };
}

/** What the end of the process does with its connections. */
type Linger = { ms: number; state: "serving" | "draining" };

type Door = {
  readonly gateway: Gateway;
  readonly site: OpenedSite["site"];
  readonly opened: Opened;
  readonly linger: Linger;
  readonly emit: Report["emit"];
};

/** Listens; resolves to the URL. */
async function openDoor(
  config: Config,
  { frontEnd, place }: Ground,
  { gateway, site, opened, linger, emit }: Door,
): Promise<string> {
  const listener = await frontEnd.listen({
    ...config.listen,
    heldBytes: new BytesInFlight(config.listen.bodyBytesInFlightMax),
    port: place.port,
    sharesPort: place.slots > 1,
    onExchange: gateway.handle,
    onRefused: (error, path) => emit({ name: "exchange_refused", code: error.code, path: pathLabel(path) }),
  });
  opened.add(async () => {
    linger.state = "draining";
    site.end();
    await drain(listener, config.drainTimeoutMs, linger.ms);
  });
  const host = config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host;
  return `http://${host}:${listener.port}`;
}

/** Rejects with an Error in plain words, with nothing left running. */
export async function startGateway(config: Config, report: Report, facts: ProcessFacts): Promise<RunningGateway> {
  assertLimits();
  const opened = new Opened();
  try {
    const linger: Linger = { ms: 0, state: "serving" };
    const built = await build(config, report, opened, facts, linger);
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
