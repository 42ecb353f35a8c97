// Turns what an ended process or worker left in a spool into rows: whole exchanges as they were, those without an
// end as interrupted. Reads at the pace at which rows are written, and beside the work of the lane.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../src/limits.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { RawExchange } from "../open-exchanges.js";
import type { Gap } from "../persist/gaps.js";
import { type FactsQuestion, type ReplayFacts, readReplayFacts } from "../persist/replay-facts.js";
import type { Reach } from "./crash-point.js";
import type { ExchangeIndex } from "./exchange-index.js";
import { type ExchangeSource, readSpooled } from "./read-exchange.js";
import type { FolderScan, FoundExchange } from "./scan-folder.js";

/** Where replayed exchanges go: what a Recorder does with them. */
export type ReplaySink = {
  readonly backlogBytes: number;
  record(raw: RawExchange): void;
  noteGap(gap: Gap): void;
};

export type ReplayOptions = ExchangeSource & {
  readonly lane: number;
  readonly question: Omit<FactsQuestion, "tenantIds" | "sinceMs">;
  readonly scan: FolderScan;
  readonly index: ExchangeIndex;
  /** Exchanges that go on: not touched here. */
  readonly resumed: ReadonlySet<number>;
  readonly sink: ReplaySink;
  /** Told of a number that needs nothing more. */
  readonly onSettled: (seqs: readonly number[]) => void;
  readonly emit: (event: LoomEvent) => void;
  readonly reach: Reach;
};

const pauseMs = 5;
/** So much is on its way to Postgres at most. */
const inHandBytesMax = 16 * 1024 * 1024;

export class Replay {
  readonly #options: ReplayOptions;
  #state: "running" | "stopped" = "running";
  #replayed = 0;
  #interrupted = 0;
  #unreadable = 0;
  #held = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** What is not replayed by then stays for the next start. */
  stop(): void {
    this.#state = "stopped";
  }

  /** Resolves when every exchange has been handed on. */
  async run(): Promise<void> {
    const startedAt = performance.now();
    const { scan, question, lane, emit, resumed } = this.#options;
    for (const what of scan.damage) emit({ name: "spool_damaged", lane, what });
    const left = [...scan.exchanges].filter(([seq]) => !resumed.has(seq)).sort(([one], [other]) => one - other);
    if (left.length === 0) return;
    const tenantIds = [...new Set(left.map(([, { tenantId }]) => tenantId))];
    const facts = await readReplayFacts({ ...question, tenantIds, sinceMs: scan.createdMs }, () => this.#isStopped);
    if (facts === null) return;
    let inTurn = performance.now();
    for (const [seq, found] of left) {
      while (this.#options.sink.backlogBytes > inHandBytesMax && !this.#isStopped) await sleep(pauseMs);
      if (this.#isStopped) return;
      this.#replayOne(seq, found, facts);
      if (performance.now() - inTurn < limits.laneSliceMs) continue;
      await nextTurn();
      inTurn = performance.now();
    }
    const ms = performance.now() - startedAt;
    const { boot, tornTails } = { boot: question.origin.bootId, tornTails: scan.tornTails };
    const counts = {
      exchanges: this.#replayed,
      interrupted: this.#interrupted,
      unreadable: this.#unreadable,
      held: this.#held,
    };
    emit({ name: "spool_replayed", lane, boot, ...counts, tornTails, ms });
  }

  get #isStopped(): boolean {
    return this.#state === "stopped";
  }

  #replayOne(seq: number, found: FoundExchange, { salts, settled }: ReplayFacts): void {
    const { index, sink, onSettled, reach, scan } = this.#options;
    reach("mid_recovery");
    if (settled.has(seq)) return onSettled([seq]);
    // The segment of its begin is gone, so it was settled; unless damage took the begin away.
    if (!found.hasBegin && scan.damage.length === 0) return onSettled([seq]);
    const keySalt = salts.get(found.tenantId);
    if (keySalt === undefined) return this.#giveUp(seq, found, "the tenant's key was erased");
    if (!this.#hasKey(found, keySalt)) {
      // Not its fault: with the key it can be read at the next start.
      this.#held += 1;
      return;
    }
    try {
      const raw = readSpooled(this.#options, seq, index.framesOf(seq), keySalt);
      this.#replayed += 1;
      if (raw.end === null) this.#interrupted += 1;
      sink.record(raw);
    } catch (error) {
      for (const { segment } of index.framesOf(seq)) segment.condition = "damaged";
      this.#giveUp(seq, found, error instanceof Error ? error.message : String(error));
    }
  }

  #hasKey({ keyVersion, tenantId }: FoundExchange, keySalt: string): boolean {
    try {
      this.#options.ring.tenantKey(keyVersion, { tenantId, keySalt });
      return true;
    } catch {
      return false;
    }
  }

  /** Its number is accounted for; what cannot be opened stays in its file, which is set aside as damaged. */
  #giveUp(seq: number, found: FoundExchange, reason: string): void {
    const { sink, question } = this.#options;
    this.#unreadable += 1;
    const { id, tenantId, createdAtMs } = found;
    sink.noteGap({ ...question.origin, seq, id, tenantId, createdAtMs, reason: `spool: ${reason}` });
  }
}
