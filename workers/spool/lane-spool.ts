// The spool as a lane uses it: its own segments, what an earlier worker of the same lane left in them, and the
// folders that it adopts.
import { limits } from "../../src/limits.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { Frame } from "../../src/trace/frames.js";
import type { LaneSettings, ResumedExchange, SpoolSettings } from "../../src/trace/lane-messages.js";
import type { RawExchange } from "../open-exchanges.js";
import type { Recorder } from "../recorder.js";
import { removeFolders } from "./adoption.js";
import type { Reach } from "./crash-point.js";
import { FrameKeeper } from "./frame-keeper.js";
import { FrameSealer } from "./frame-sealer.js";
import { readSpooled } from "./read-exchange.js";
import { Replay } from "./replay.js";
import { type FolderScan, FolderScanner } from "./scan-folder.js";
import { Spool, type SpoolOptions } from "./spool.js";
import { diskFiles } from "./spool-files.js";

export type LaneSpoolOptions = {
  readonly settings: LaneSettings;
  readonly recorder: Recorder;
  readonly emit: (event: LoomEvent) => void;
  readonly onSettled: (seqs: readonly number[]) => void;
  readonly reach: Reach;
};

/** One failing disk says so once in this time. */
const faultEveryMs = 1000;

export class LaneSpool {
  readonly #options: LaneSpoolOptions;
  readonly #place: SpoolSettings;
  readonly #spool: Spool;
  readonly #keeper: FrameKeeper;
  readonly #scan: FolderScan;
  /** Salts by number. */
  readonly #resumed = new Map<number, string>();
  #replay: Replay | null = null;
  #replaying: Promise<void> = Promise.resolve();

  private constructor(options: LaneSpoolOptions, place: SpoolSettings, spool: Spool, scan: FolderScan) {
    this.#options = options;
    this.#place = place;
    this.#spool = spool;
    this.#scan = scan;
    const { settings, recorder } = options;
    const sealer = new FrameSealer(recorder.keyRing, settings.nodeId);
    this.#keeper = new FrameKeeper({ spool, sealer, holdsBatches: settings.durability === "disk" });
  }

  /** Reads what is in the folder and makes room for more. Throws when the folder cannot be used. */
  static async open(options: LaneSpoolOptions, place: SpoolSettings): Promise<LaneSpool> {
    const { settings, emit, reach } = options;
    const { nodeId, bootId, lane, durability } = settings;
    if (durability === "memory") throw new Error("a lane with durability memory has no spool");
    let quietUntilMs = 0;
    const names = diskFiles.list(place.folder);
    const onFault: SpoolOptions["onFault"] = (error, what) => {
      if (Date.now() < quietUntilMs) return;
      quietUntilMs = Date.now() + faultEveryMs;
      emit({ name: "spool_failed", lane, what, reason: error instanceof Error ? error.message : String(error) });
    };
    const spool = new Spool({
      folder: place.folder,
      origin: { nodeId, bootId, lane },
      files: diskFiles,
      segmentBytes: place.segmentBytes,
      bytesMax: place.bytesMax,
      firstNumber: 1 + Math.max(0, ...names.map((name) => Number.parseInt(name, 10) || 0)),
      durability,
      endBytes: limits.spoolEndBytes,
      retryMs: limits.spoolRetryMs,
      reach,
      nowMs: Date.now,
      onFault,
    });
    const scan = await new FolderScanner(diskFiles, spool.index).scan(place.folder);
    const made = new LaneSpool(options, place, spool, scan);
    made.#takeOver();
    // A disk that is full now may have room later; until then nothing is admitted.
    await spool.store.open().catch((error: unknown) => onFault(error, "allocate"));
    return made;
  }

  get admits(): boolean {
    return this.#spool.admits;
  }

  keep(frames: readonly Frame[], done: (refused: ReadonlySet<number>) => void): void {
    this.#keeper.keep(frames, done);
  }

  /** Whether a frame of it is in the spool and it is not settled. */
  holds(seq: number): boolean {
    return this.#spool.index.has(seq);
  }

  /** The tenant's salt of an exchange that began in an earlier worker: all that came before is in the spool only. */
  resumedSalt(seq: number): string | undefined {
    return this.#resumed.get(seq);
  }

  /** Those that began in an earlier worker and have not ended. */
  get resumed(): ResumedExchange[] {
    return [...this.#resumed].map(([seq, keySalt]) => ({ seq, keySalt }));
  }

  /** Reads an exchange back. Throws as readSpooled. */
  read({ seq, keySalt }: ResumedExchange): RawExchange {
    const { settings, recorder } = this.#options;
    const source = { files: diskFiles, ring: recorder.keyRing, nodeId: settings.nodeId };
    return readSpooled(source, seq, this.#spool.index.framesOf(seq), keySalt);
  }

  /** Resolves when every batch is kept or refused. */
  idle(): Promise<void> {
    return this.#spool.idle;
  }

  settle(seqs: readonly number[]): void {
    this.#spool.settle(seqs);
    this.#keeper.forget(seqs);
    for (const seq of seqs) this.#resumed.delete(seq);
  }

  /** Tries again to have room. */
  topUp(): void {
    this.#spool.topUp();
  }

  /** Starts to turn into rows what an earlier worker left. */
  startReplay(): void {
    const { settings, recorder, emit, reach, onSettled } = this.#options;
    const { nodeId, bootId, lane, databaseUrl } = settings;
    this.#replay = new Replay({
      files: diskFiles,
      ring: recorder.keyRing,
      nodeId,
      lane,
      question: { databaseUrl, origin: { nodeId, bootId, lane } },
      scan: this.#scan,
      index: this.#spool.index,
      resumed: new Set(this.#resumed.keys()),
      sink: recorder,
      onSettled,
      emit,
      reach,
    });
    this.#replaying = this.#replay.run().catch((error: unknown) => {
      emit({
        name: "spool_failed",
        lane,
        what: "replay",
        reason: error instanceof Error ? error.message : String(error),
      });
    });
  }

  /** Lets a replay finish that has only little left to do; what it does not reach stays in the folder. */
  async stopReplay(): Promise<void> {
    this.#replay?.stop();
    await this.#replaying;
  }

  /** After the last row: what is settled goes, and the folder with it. */
  async end(): Promise<void> {
    await this.#spool.end();
    removeFolders(diskFiles, this.#place.folder);
  }

  #takeOver(): void {
    const { exchanges, segments, unclosed } = this.#scan;
    for (const segment of segments) this.#spool.store.adopt(segment);
    for (const { seq, keySalt } of this.#place.resumed) {
      const found = exchanges.get(seq);
      if (found === undefined || !found.hasBegin || found.hasEnd) continue;
      const { id, tenantId, createdAtMs, nextNumber } = found;
      this.#resumed.set(seq, keySalt);
      this.#keeper.resume({ id, tenantId, createdAtMs, seq, keySalt }, nextNumber);
    }
    // Where its last write ended is known only by what follows it: nothing. Its name says so from now on.
    for (const segment of unclosed) this.#spool.store.cut(segment);
    for (const segment of segments) this.#spool.index.release(segment);
  }
}
