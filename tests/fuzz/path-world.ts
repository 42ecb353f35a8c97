// The path of a request alone, in the test's own process: everything of the main thread, and a lane that acknowledges
// and counts instead of sealing and storing. It plays many times more cases in the same time.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { Authenticator } from "../../src/authenticate/authenticate.js";
import { hashClientKey } from "../../src/authenticate/client-key.js";
import type { LoadedKey } from "../../src/authenticate/load-caller.js";
import { BytesInFlight } from "../../src/bytes-in-flight.js";
import type { ProviderSettings } from "../../src/config/config.js";
import { Secret } from "../../src/config/secret.js";
import { Pools } from "../../src/forward/pools.js";
import { Gateway } from "../../src/gateway.js";
import type { HandOff } from "../../src/hand-off/hand-off.js";
import { Lane } from "../../src/hand-off/lane.js";
import { ModelList } from "../../src/list-models.js";
import { type FrontEndName, openFrontEnd } from "../../src/listen/front-end.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { RouteTable } from "../../src/route/route.js";
import { frameKinds, readFrames } from "../../src/trace/frames.js";
import type { FromLane, ToLane } from "../../src/trace/lane-messages.js";
import { HostileProvider } from "./hostile-provider.js";
import { type FuzzWorld, fuzzTimes } from "./world.js";

const keys = ["sk-loom-fuzz1-0123456789abcdef", "sk-loom-fuzz2-0123456789abcdef"] as const;

function loadKey(keyHash: string): Promise<LoadedKey | null> {
  const at = keys.findIndex((key) => hashClientKey(key) === keyHash);
  if (at === -1) return Promise.resolve(null);
  const id = `0190a1b2-0000-7000-8000-00000000000${at}`;
  const none = { providers: new Map<string, ProviderSettings>(), routes: new Map<string, readonly string[]>() };
  const tenant = {
    id,
    name: id,
    keySalt: "c2FsdA==",
    defaultProvider: null,
    failurePolicy: "refuse" as const,
    ...none,
  };
  const caller = {
    tenant,
    apiKeyId: id,
    scopes: [],
    onDisconnect: at === 0 ? ("cancel" as const) : ("drain" as const),
  };
  return Promise.resolve({ caller, usable: true, expiresAtMs: null });
}

/** A lane whose worker keeps nothing but the number of exchanges that began and have not ended. */
class CountingLane {
  readonly lane = new Lane(0, "process", () => {});
  readonly open = new Set<number>();
  readonly outcomes: Record<string, number> = {};
  readonly #channel = new MessageChannel();

  constructor() {
    this.lane.attach(this.#channel.port1);
    this.#channel.port2.on("message", (message: ToLane) => {
      if (message.type === "frames") this.#take(message.batch, message.bytes);
    });
  }

  #take(batch: number, bytes: ArrayBuffer): void {
    for (const { kind, seq, record } of readFrames(bytes)) {
      if (kind === frameKinds.begin) this.open.add(seq);
      if (kind !== frameKinds.end) continue;
      this.open.delete(seq);
      const { outcome } = JSON.parse(record.toString()) as { outcome: string };
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    }
    const acknowledged: FromLane = { type: "acknowledged", batch, backlogBytes: 0 };
    this.#channel.port2.postMessage(acknowledged);
  }

  close(): void {
    this.#channel.port1.close();
    this.#channel.port2.close();
  }
}

function handOffOf(lane: Lane): HandOff {
  const never = (): never => {
    throw new Error("nobody asks for this");
  };
  return {
    durability: "process",
    lanes: [lane],
    queuedBytes: [0],
    whenOpen: () => Promise.resolve(),
    isWriting: true,
    pick: () => lane,
    pickUnrecorded: never,
    renewKeys: never,
    forgetKeys: never,
    stop: () => Promise.resolve(),
  };
}

function settingsOf(port: number): ProviderSettings {
  return {
    name: "openai",
    kind: "openai",
    baseUrl: `http://127.0.0.1:${port}/v1`,
    credential: new Secret("sk-upstream"),
    auth: "bearer",
    apiVersion: null,
    deployments: {},
  };
}

export async function openPathWorld(name: FrontEndName): Promise<FuzzWorld> {
  const provider = new HostileProvider();
  const settings = settingsOf(await provider.start());
  const events: LoomEvent[] = [];
  const emit = (event: LoomEvent): void => {
    if (event.name === "exchange_failed" && events.length < 20) events.push(event);
  };
  const counting = new CountingLane();
  const handOff = handOffOf(counting.lane);
  const pools = new Pools({ connectTimeoutMs: fuzzTimes.connectTimeoutMs, connectionsPerTargetMax: 256, emit });
  const table: RouteTable = {
    providers: new Map([["openai", settings]]),
    routes: new Map(),
    defaultProvider: "openai",
  };
  const heldAnswers = new BytesInFlight(8 * 1024 * 1024);
  const heldBodies = new BytesInFlight(64 * 1024 * 1024);
  const gateway = new Gateway({
    authenticator: new Authenticator({ load: loadKey, freshMs: 1e9, staleMaxMs: 1e9, now: () => performance.now() }),
    table,
    handOff,
    models: new ModelList(table, pools),
    provider: {
      pools,
      timeouts: fuzzTimes,
      waitsForBegin: true,
      tee: { captureBytesMax: 64 * 1024, keepAliveCommentsMs: null, held: heldAnswers },
      sampler: null,
      traffic: { streams: 0, requestBytes: 0 },
      emit,
    },
    readiness: () => {
      throw new Error("nobody asks for this");
    },
    metrics: null,
    site: { find: () => null },
    emit,
  });
  const home = mkdtempSync(join(tmpdir(), "loom-fuzz-"));
  const listener = await openFrontEnd({ asked: name, home, acceptedSha256: null }).listen({
    ...fuzzTimes,
    host: "127.0.0.1",
    port: 0,
    sharesPort: false,
    chunkedRequests: "accept",
    bodyBytesMax: 64 * 1024,
    uploadBytesMax: 1024 * 1024,
    headersTimeoutMs: 1000,
    keepAliveTimeoutMs: 5000,
    exchangesMax: 1000,
    heldBytes: heldBodies,
    onExchange: gateway.handle,
    onRefused: () => {},
  });
  return {
    port: listener.port,
    keys,
    provider,
    isAlive: () => true,
    rssBytes: () => process.memoryUsage.rss(),
    async finish() {
      await sleep(2 * fuzzTimes.exchangeTimeoutMs);
      const faults: string[] = events.map((event) => JSON.stringify(event));
      if (listener.open !== 0) faults.push(`${listener.open} replies have no end`);
      if (counting.open.size !== 0) faults.push(`${counting.open.size} exchanges have no outcome`);
      if (heldAnswers.bytes !== 0) faults.push(`${heldAnswers.bytes} bytes of answers are still counted`);
      if (heldBodies.bytes !== 0) faults.push(`${heldBodies.bytes} bytes of bodies are still counted`);
      return { figures: counting.outcomes, faults };
    },
    async close() {
      await listener.stop();
      listener.close();
      provider.close();
      counting.close();
      await pools.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
