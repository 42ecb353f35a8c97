// The lanes of this process: their workers, started by Piscina, one pool of one thread each. A lane's task runs
// for as long as the lane lives; its frames go over a port of their own. This folder is the only one that knows Piscina.
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import type { LoomEvent } from "../report/events.js";
import type { Durability, LaneSettings, LaneTask, SpoolSettings } from "../trace/lane-messages.js";
import { Lane } from "./lane.js";
import { MeasuredPort } from "./measured-port.js";
import { findLeftFolders, laneFolder } from "./spool-folders.js";
import { UnrecordedLane } from "./unrecorded.js";

/** What the path waits for. `memory`: only the end of an answer waits, for the lane to have received it. */
export const waits: Readonly<Record<Durability, { readonly forBegin: boolean; readonly forEnd: boolean }>> = {
  memory: { forBegin: false, forEnd: true },
  process: { forBegin: true, forEnd: true },
  disk: { forBegin: true, forEnd: true },
};

export type HandOffOptions = Omit<LaneSettings, "lane" | "spool" | "owedUsages"> & {
  /** Absolute; `<home>/spool`. May be left out with durability `memory`, which then adopts nothing. */
  readonly spoolFolder?: string;
  /** Lanes' folders of processes that are gone; all that are in `spoolFolder` when left out. */
  readonly adopt?: readonly string[];
  /** For tests; `limits.laneSpoolBytesMax` else. */
  readonly spoolBytesMax?: number;
  /** For tests; `limits.spoolSegmentBytes` else. */
  readonly segmentBytes?: number;
  readonly lanes: number;
  /** File URL of the compiled workers/lane.js. */
  readonly laneWorker: URL;
  readonly emit: (event: LoomEvent) => void;
  /** Told how long a lane took to keep a batch, in ms. */
  readonly onAcknowledged?: (lane: number, ms: number) => void;
  /** The environment of the lanes: the OTEL_ variables. */
  readonly environment?: Readonly<Record<string, string>>;
};

export type HandOff = {
  readonly durability: Durability;
  readonly lanes: readonly Lane[];
  /** Of each lane: bytes that it was given and has not acknowledged. */
  readonly queuedBytes: readonly number[];
  /** False while a lane's writer cannot write, for whatever reason: the server is away, or takes nothing from it. */
  readonly isWriting: boolean;
  /** Resolves when every lane has its first segment, or has none for now. Waits 5 s at most. */
  whenOpen(): Promise<void>;
  /** The lane of a new exchange. Throws LoomError `trace_store_unavailable` when none may take one. */
  pick(): Lane;
  /** Stands in for a lane when `pick` throws: what it takes becomes a gap in the ledger. */
  pickUnrecorded(reason: string): UnrecordedLane;
  /** Gives every lane other master keys, also those that are restarted later. Takes the form of LaneSettings. */
  renewKeys(masterKeys: string): void;
  /** Has every lane drop the keys that it derived for a tenant; for all of them when `tenantId` is null. */
  forgetKeys(tenantId: string | null): void;
  /** Finishes what the lanes hold, then ends their threads. */
  stop(deadlineMs: number): Promise<void>;
};

type ThreadOptions = HandOffOptions & Pick<LaneSettings, "owedUsages">;

const restartDelayMs = 100;
const openPollMs = 2;
const openMsMax = 5000;

class LaneThread {
  readonly lane: Lane;
  readonly #options: ThreadOptions;
  readonly #adopt: readonly string[];
  #masterKeys: string;
  #pool: Piscina | null = null;
  #port: MeasuredPort | null = null;
  #state: "running" | "stopping" = "running";
  #life: Promise<void> = Promise.resolve();

  /** `adopt` are folders of processes that are gone. */
  constructor(index: number, options: ThreadOptions, adopt: readonly string[]) {
    this.lane = new Lane(index, options.durability, options.emit);
    this.#options = options;
    this.#adopt = adopt;
    this.#masterKeys = options.masterKeys;
    this.start();
  }

  start(): void {
    const { laneWorker, emit, onAcknowledged } = this.#options;
    const pool = new Piscina({
      filename: laneWorker.href,
      name: "runLane",
      minThreads: 1,
      maxThreads: 1,
      // The default ('sync') freezes an idle worker's event loop, and a lane holds a Postgres socket.
      atomics: "disabled",
      // Nothing else of the environment is the lane's business, and it may hold secrets.
      env: this.#options.environment ?? {},
    });
    this.#pool = pool;
    const { port1, port2 } = new MessageChannel();
    const task: LaneTask = {
      port: port2,
      settings: this.#makeSettings(),
    };
    this.#life = pool.run(task, { transferList: [port2] }).then(
      () => undefined,
      async (error: unknown) => {
        this.lane.detach(error instanceof Error ? error.message : String(error));
        await pool.destroy();
        if (this.#state === "stopping") return;
        // A stop may come while it waits; a worker started after that would keep the process alive for ever.
        setTimeout(() => this.#state === "running" && this.start(), restartDelayMs).unref();
      },
    );
    this.#port = new MeasuredPort(port1, (ms) => onAcknowledged?.(this.lane.index, ms));
    this.lane.attach(this.#port);
    emit({ name: "lane_started", lane: this.lane.index });
  }

  #makeSettings(): LaneSettings {
    const {
      laneWorker: _,
      lanes: __,
      emit: ___,
      onAcknowledged: ____,
      environment: _____,
      adopt: ______,
      spoolFolder,
      spoolBytesMax,
      segmentBytes,
      ...settings
    } = this.#options;
    const lane = this.lane.index;
    const own = { ...settings, masterKeys: this.#masterKeys, lane };
    if (spoolFolder === undefined) return own;
    const spool: SpoolSettings = {
      folder: laneFolder(spoolFolder, settings.nodeId, settings.bootId, lane),
      adopt: this.#adopt,
      resumed: this.lane.resumable,
      bytesMax: spoolBytesMax ?? limits.laneSpoolBytesMax,
      segmentBytes: segmentBytes ?? limits.spoolSegmentBytes,
    };
    return { ...own, spool };
  }

  get queuedBytes(): number {
    return this.#port?.bytes ?? 0;
  }

  renewKeys(masterKeys: string): void {
    this.#masterKeys = masterKeys;
    this.lane.tellKeys({ type: "keys", masterKeys });
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#state = "stopping";
    this.lane.drain(deadlineMs);
    await this.#life;
    await this.#pool?.destroy();
  }
}

/** Keeps the names of the writers that have said that they cannot write, and not yet that they can. */
function noteWriter(away: Set<string>, event: LoomEvent): void {
  if (event.name === "database_away") away.add(event.who);
  else if (event.name === "database_back") away.delete(event.who);
  else if (event.name === "lane_crashed") away.delete(`lane ${event.lane}`);
}

/**
 * What a worker's heap may hold before the first full collection. Bodies count in it while they wait for Postgres:
 * with V8's own choice for so small a heap, one of 1 MB brought a collection of everything every six exchanges.
 */
function giveLanesRoom(): void {
  setFlagsFromString(`--initial-old-space-size=${limits.laneHeapBytesMin / 2 ** 20}`);
}

export function openHandOff(options: HandOffOptions): HandOff {
  giveLanesRoom();
  const left = options.adopt ?? (options.spoolFolder === undefined ? [] : findLeftFolders(options.spoolFolder));
  const adoptedBy = (index: number) => left.filter((_, at) => at % options.lanes === index);
  const away = new Set<string>();
  const emit = (event: LoomEvent): void => {
    noteWriter(away, event);
    options.emit(event);
  };
  const owedUsages = new SharedArrayBuffer(limits.owedUsagesMax * BigInt64Array.BYTES_PER_ELEMENT);
  const threads = Array.from(
    { length: options.lanes },
    (_, index) => new LaneThread(index, { ...options, owedUsages, emit }, adoptedBy(index)),
  );
  let turn = 0;
  return {
    get isWriting() {
      return away.size === 0;
    },
    durability: options.durability,
    lanes: threads.map((thread) => thread.lane),
    get queuedBytes() {
      return threads.map((thread) => thread.queuedBytes);
    },
    async whenOpen() {
      const until = performance.now() + openMsMax;
      while (threads.some(({ lane }) => !lane.isOpen) && performance.now() < until) await sleep(openPollMs);
    },
    pick() {
      for (let tried = 0; tried < threads.length; tried += 1) {
        turn = (turn + 1) % threads.length;
        const lane = threads[turn]?.lane;
        if (lane?.admits) return lane;
      }
      throw new LoomError("trace_store_unavailable");
    },
    pickUnrecorded(reason) {
      const thread = threads[turn];
      if (thread === undefined) throw new LoomError("trace_store_unavailable");
      return new UnrecordedLane(thread.lane, reason);
    },
    renewKeys(masterKeys) {
      for (const thread of threads) thread.renewKeys(masterKeys);
    },
    forgetKeys(tenantId) {
      for (const { lane } of threads) lane.tellKeys({ type: "forget", tenantId });
    },
    async stop(deadlineMs) {
      await Promise.all(threads.map((thread) => thread.stop(deadlineMs)));
    },
  };
}
