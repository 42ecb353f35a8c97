// The folder of a process that is gone: its exchanges become rows of its own chain, and then the folder goes. Beside
// the lane's own work, with a writer of its own.
import { basename, dirname } from "node:path";
import type { LoomEvent } from "../../src/report/events.js";
import type { LaneSettings } from "../../src/trace/lane-messages.js";
import { Recorder } from "../recorder.js";
import type { Reach } from "./crash-point.js";
import { ExchangeIndex, type Segment } from "./exchange-index.js";
import { Replay } from "./replay.js";
import { type FolderScan, FolderScanner } from "./scan-folder.js";
import { letGoOf } from "./segment-files.js";
import type { SegmentOrigin } from "./segment-format.js";
import type { SpoolFiles } from "./spool-files.js";

export type AdoptionOptions = {
  readonly folder: string;
  /** Of the lane that adopts. */
  readonly settings: LaneSettings;
  readonly files: SpoolFiles;
  readonly emit: (event: LoomEvent) => void;
  readonly reach: Reach;
};

const drainMs = 3_600_000;

/** Folders are named `<node>/<boot>/lane-<n>`; used when no header can be read. */
function originOf(folder: string): SegmentOrigin {
  const boot = dirname(folder);
  const lane = Number(/\d+$/.exec(basename(folder))?.[0] ?? 0);
  return { nodeId: decodeURIComponent(basename(dirname(boot))), bootId: basename(boot), lane };
}

/** Removes a lane's folder and those around it, as far as they are empty. */
export function removeFolders(files: SpoolFiles, folder: string): void {
  for (const empty of [folder, dirname(folder), dirname(dirname(folder))]) files.removeFolder(empty);
}

export class Adoption {
  readonly #options: AdoptionOptions;
  readonly #index: ExchangeIndex;
  #replay: Replay | null = null;
  #recorder: Recorder | null = null;
  #state: "running" | "stopped" = "running";

  constructor(options: AdoptionOptions) {
    this.#options = options;
    this.#index = new ExchangeIndex((segment) => this.#letGo(segment));
  }

  /** Resolves when the folder is gone, or when nothing more can be done about it now. */
  async run(): Promise<void> {
    const { folder, files, settings, emit, reach } = this.#options;
    const scan = await new FolderScanner(files, this.#index).scan(folder);
    if (scan.segments.length > 0 && this.#state === "running") {
      const origin = scan.origin ?? originOf(folder);
      const { nodeId, bootId, lane } = origin;
      const recorder = new Recorder({
        // Whatever this process promises, what stays here is kept.
        settings: { ...settings, nodeId, bootId, lane, durability: "process" },
        emit,
        onProgress: (seqs) => this.#settle(seqs),
        isHeld: (seq) => this.#index.has(seq),
      });
      this.#recorder = recorder;
      for (const seq of scan.exchanges.keys()) recorder.noteAdmitted(seq);
      this.#replay = this.#makeReplay(scan, recorder, origin, reach);
      await this.#replay.run();
      if (this.#state === "running") await recorder.drain(drainMs);
      for (const segment of scan.segments) this.#index.release(segment);
    }
    removeFolders(files, folder);
  }

  /** Ends within `deadlineMs`; what is not a row by then stays where it is. */
  async stop(deadlineMs: number): Promise<void> {
    this.#state = "stopped";
    this.#replay?.stop();
    await this.#recorder?.drain(deadlineMs);
  }

  #makeReplay(scan: FolderScan, recorder: Recorder, origin: SegmentOrigin, reach: Reach): Replay {
    const { files, settings, emit } = this.#options;
    return new Replay({
      files,
      ring: recorder.keyRing,
      nodeId: origin.nodeId,
      lane: settings.lane,
      question: { databaseUrl: settings.databaseUrl, origin },
      scan,
      index: this.#index,
      resumed: new Set(),
      sink: recorder,
      onSettled: (seqs) => this.#settle(seqs),
      emit,
      reach,
    });
  }

  #settle(seqs: readonly number[]): void {
    for (const seq of seqs) this.#index.settle(seq);
  }

  #letGo(segment: Segment): boolean {
    letGoOf(this.#options.files, segment);
    this.#options.reach("after_unlink");
    return true;
  }
}

/** Each has connections of its own, and waits for them more than it works. */
const atOnceMax = 4;

/** All folders that a lane adopts: some at a time, beside its own work. */
export class Adoptions {
  readonly #options: Omit<AdoptionOptions, "folder">;
  readonly #current = new Set<Adoption>();
  #running: Promise<unknown> = Promise.resolve();
  #state: "running" | "stopped" = "running";

  constructor(options: Omit<AdoptionOptions, "folder">) {
    this.#options = options;
  }

  /** Never rejects: a folder that cannot be adopted stays for the next start, and an event says so. */
  async run(folders: readonly string[]): Promise<void> {
    const left = [...folders];
    this.#running = Promise.all(Array.from({ length: atOnceMax }, () => this.#adoptNext(left)));
    await this.#running;
  }

  /** Ends within `deadlineMs`; what is not a row by then stays where it is. */
  async stop(deadlineMs: number): Promise<void> {
    this.#state = "stopped";
    await Promise.all([...this.#current].map((adoption) => adoption.stop(deadlineMs)));
    await this.#running;
  }

  async #adoptNext(left: string[]): Promise<void> {
    const { emit, settings } = this.#options;
    for (let folder = left.shift(); folder !== undefined && this.#state === "running"; folder = left.shift()) {
      const adoption = new Adoption({ ...this.#options, folder });
      this.#current.add(adoption);
      try {
        await adoption.run();
      } catch (error) {
        const reason = `${folder}: ${error instanceof Error ? error.message : String(error)}`;
        emit({ name: "spool_failed", lane: settings.lane, what: "adopt", reason });
      } finally {
        this.#current.delete(adoption);
      }
    }
  }
}
