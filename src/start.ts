// Builds a whole gateway from a configuration, in the order in which its parts need each other, and stops it in
// the opposite one. The only file besides main.ts that knows every part.
import { setTimeout as sleep } from "node:timers/promises";
import { type Peers, type ProcessReport, speakForAll } from "./answer-for-all.js";
import type { ChatParts } from "./chat-plan.js";
import { openMetricCollector } from "./collect-metrics.js";
import type { Config, ProviderSettings } from "./config/config.js";
import { Pools } from "./forward/pools.js";
import { Gateway, pathLabel } from "./gateway.js";
import { Opened, openGround } from "./ground.js";
import { waits } from "./hand-off/hand-off.js";
import { readReadiness } from "./health.js";
import { keepDatabase } from "./keep-database.js";
import { keepLedger } from "./keep-ledger.js";
import { keepPushing } from "./keep-pushing.js";
import type { MasterKeys } from "./keys/master-key-source.js";
import { assertLimits } from "./limits.js";
import { ModelList } from "./list-models.js";
import { type Listener, listen } from "./listen/listen.js";
import { openAuthentication } from "./open-authentication.js";
import type { OpenedDatabase } from "./open-database.js";
import { openLanes } from "./open-lanes.js";
import type { Report } from "./report/report.js";
import type { RouteTable } from "./route/route.js";

export type RunningGateway = {
  readonly url: string;
  readonly frontEnd: string;
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
const drainPollMs = 20;

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
  { version, crashAt, openGround: open, peers }: ProcessFacts,
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
  const handOff = openLanes(config, { ...lanesGround, place: ground.place }, ledger.emit, report.metrics);
  opened.add(() => handOff.stop(laneDrainMs));
  ground.masterKeys.onChange((keys) => handOff.renewKeys(keys.reveal()));
  const pools = new Pools({ ...config.upstream, emit });
  opened.add(() => pools.stop());
  const table = makeTable(config, ground.mock);
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
    chat,
    readiness: all.readiness,
    metrics: config.metrics.enabled ? { token: config.metrics.token, collect: all.metrics } : null,
    emit,
  });
  await handOff.whenOpen();
  const listener = await listen(ground.frontEnd.addon, {
    ...config.listen,
    port: ground.place.port,
    sharesPort: ground.place.slots > 1,
    onExchange: gateway.handle,
    onRefused: (error, path) => emit({ name: "exchange_refused", code: error.code, path: pathLabel(path) }),
  });
  opened.add(async () => {
    state = "draining";
    await drain(listener, config.drainTimeoutMs, linger.ms);
  });
  const host = config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host;
  const { frontEnd, database, masterKeys } = ground;
  const url = `http://${host}:${listener.port}`;
  const describe = (): ProcessReport => ({ metrics: own.metrics(), readiness: own.readiness() });
  return { url, frontEnd: frontEnd.description, database, masterKeys: masterKeys.first, describe };
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

/** Rejects with an Error in plain words, with nothing left running. */
export async function startGateway(config: Config, report: Report, facts: ProcessFacts): Promise<RunningGateway> {
  assertLimits();
  const opened = new Opened();
  try {
    const linger = { ms: 0 };
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
