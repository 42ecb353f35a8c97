// A file system in memory that can fail and crash as real ones do: what was not flushed is kept in part, torn at any
// byte; entries of folders that were not flushed come and go; a failed flush drops what it should have kept.
import { dirname } from "node:path";
import type { SpoolFiles } from "../../../../workers/spool/spool-files.js";

type Write = { readonly at: number; readonly bytes: Buffer };

type SimFile = {
  path: string;
  content: Buffer;
  /** What a power cut leaves for sure. */
  flushed: Buffer;
  unflushed: Write[];
  entry: "new" | "flushed" | "removed";
  flushedPath: string | null;
};

export type Fault = "eio" | "enospc" | "short";

/** Gives numbers from 0 to below 1. */
export type Random = () => number;

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

function place(into: Buffer, { at, bytes }: Write): Buffer {
  const whole =
    at + bytes.length > into.length ? Buffer.concat([into, Buffer.alloc(at + bytes.length - into.length)]) : into;
  whole.set(bytes, at);
  return whole;
}

export class SimFiles implements SpoolFiles {
  readonly #files = new Map<string, SimFile>();
  #ghosts: SimFile[] = [];
  readonly #open = new Map<number, SimFile>();
  #nextHandle = 3;
  /** What the next writes and flushes meet, in order. */
  writeFaults: (Fault | null)[] = [];
  flushFaults: boolean[] = [];
  capacityBytes = Number.POSITIVE_INFINITY;
  flushes = 0;
  failedThenFlushed = 0;
  readonly #failed = new Set<SimFile>();
  #state: "alive" | "dead" = "alive";

  get usedBytes(): number {
    let bytes = 0;
    for (const file of this.#files.values()) bytes += file.content.length;
    return bytes;
  }

  paths(): string[] {
    return [...this.#files.keys()];
  }

  /** The bytes of a file, to look at or to damage. */
  contentOf(path: string): Buffer {
    return (this.#files.get(path) as SimFile).content;
  }

  /** The process ended: what was written stays. Gives the disk to the next one; this one does nothing any more. */
  kill(): SimFiles {
    this.#state = "dead";
    const after = new SimFiles();
    for (const { path, content } of this.#files.values()) after.#keep(path, content);
    return after;
  }

  /** The machine ended: what was flushed stays, and some of the rest. */
  cutPower(random: Random): SimFiles {
    this.#state = "dead";
    const after = new SimFiles();
    for (const file of [...this.#files.values(), ...this.#ghosts.filter(() => random() < 0.5)]) {
      if (file.entry === "new" && random() < 0.5) continue;
      let content: Buffer = Buffer.from(file.flushed);
      for (const write of file.unflushed) {
        const chance = random();
        if (chance < 0.4) continue;
        const kept = chance < 0.7 ? write.bytes : write.bytes.subarray(0, Math.floor(random() * write.bytes.length));
        content = place(content, { at: write.at, bytes: kept });
      }
      const path = random() < 0.5 ? file.path : (file.flushedPath ?? file.path);
      after.#keep(path, content);
    }
    return after;
  }

  #keep(path: string, content: Buffer): void {
    const flushed = Buffer.from(content);
    this.#files.set(path, {
      path,
      content: Buffer.from(content),
      flushed,
      unflushed: [],
      entry: "flushed",
      flushedPath: path,
    });
  }

  list(folder: string): string[] {
    const names = [...this.#files.keys()].filter((path) => dirname(path) === folder);
    return names.map((path) => path.slice(folder.length + 1)).sort();
  }

  makeFolder(): void {}

  async flushFolder(folder: string): Promise<void> {
    await Promise.resolve();
    for (const file of this.#files.values()) {
      if (dirname(file.path) !== folder) continue;
      file.entry = "flushed";
      file.flushedPath = file.path;
    }
    this.#ghosts = this.#ghosts.filter((ghost) => dirname(ghost.path) !== folder);
  }

  create(path: string): number {
    this.#assertAlive();
    if (this.#files.has(path)) throw failure("EEXIST");
    const empty = Buffer.alloc(0);
    const file: SimFile = { path, content: empty, flushed: empty, unflushed: [], entry: "new", flushedPath: null };
    this.#files.set(path, file);
    return this.#handle(file);
  }

  open(path: string): number {
    const file = this.#files.get(path);
    if (file === undefined) throw failure("ENOENT");
    return this.#handle(file);
  }

  close(handle: number): void {
    if (!this.#open.delete(handle)) throw failure("EBADF");
  }

  size(handle: number): number {
    return this.#file(handle).content.length;
  }

  write(handle: number, bytes: Uint8Array, from: number, length: number, at: number): number {
    const fault = this.writeFaults.shift() ?? null;
    if (fault === "eio") throw failure("EIO");
    const file = this.#file(handle);
    const more = Math.max(0, at + length - file.content.length);
    if ((fault === "enospc" && more > 0) || this.usedBytes + more > this.capacityBytes) throw failure("ENOSPC");
    const taken = fault === "short" ? Math.max(1, Math.floor(length / 2)) : length;
    const write = { at, bytes: Buffer.from(bytes.subarray(from, from + taken)) };
    file.content = place(file.content, write);
    file.unflushed.push(write);
    return taken;
  }

  read(handle: number, into: Uint8Array, at: number): number {
    return this.#file(handle).content.copy(into, 0, at);
  }

  async allocate(handle: number, from: number, bytes: number): Promise<void> {
    await Promise.resolve();
    if (this.usedBytes + bytes > this.capacityBytes) throw failure("ENOSPC");
    const write = { at: from, bytes: Buffer.alloc(bytes) };
    const file = this.#file(handle);
    file.content = place(file.content, write);
    file.unflushed.push(write);
  }

  async flush(handle: number): Promise<void> {
    const file = this.#file(handle);
    const count = file.unflushed.length;
    if (this.#failed.has(file)) this.failedThenFlushed += 1;
    await Promise.resolve();
    this.flushes += 1;
    const writes = file.unflushed.splice(0, count);
    if (this.flushFaults.shift() === true) {
      this.#failed.add(file);
      throw failure("EIO");
    }
    for (const write of writes) file.flushed = place(Buffer.from(file.flushed), write);
  }

  rename(from: string, to: string): void {
    this.#assertAlive();
    const file = this.#files.get(from);
    if (file === undefined) throw failure("ENOENT");
    this.#files.delete(from);
    file.path = to;
    this.#files.set(to, file);
  }

  remove(path: string): void {
    this.#assertAlive();
    const file = this.#files.get(path);
    if (file === undefined) throw failure("ENOENT");
    this.#files.delete(path);
    if (file.entry === "flushed") this.#ghosts.push({ ...file, entry: "removed" });
  }

  removeFolder(): void {}

  #assertAlive(): void {
    if (this.#state === "dead") throw failure("EIO");
  }

  #handle(file: SimFile): number {
    this.#nextHandle += 1;
    this.#open.set(this.#nextHandle, file);
    return this.#nextHandle;
  }

  #file(handle: number): SimFile {
    this.#assertAlive();
    const file = this.#open.get(handle);
    if (file === undefined) throw failure("EBADF");
    return file;
  }
}
