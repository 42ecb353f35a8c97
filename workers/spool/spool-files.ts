// The file system as the spool uses it: few calls, so that a simulation of crashes and failing disks can stand in
// for it (tests/unit/workers/spool/sim-files.ts). Everything but a flush and an allocation is synchronous: a write
// into the page cache takes less time than the way through a thread pool and back.
import fs from "node:fs";

export type SpoolFiles = {
  /** Names in a folder; none when it does not exist. */
  list(folder: string): string[];
  makeFolder(folder: string): void;
  /** Flushes the entries of a folder. */
  flushFolder(folder: string): Promise<void>;
  /** Opens a new file for reading and writing; throws when it exists. */
  create(path: string): number;
  open(path: string): number;
  close(file: number): void;
  size(file: number): number;
  /** Writes at a position; may write less than it was given, and returns how much. */
  write(file: number, bytes: Uint8Array, from: number, length: number, at: number): number;
  /** Reads at a position; fewer bytes than asked for only at the file's end. */
  read(file: number, into: Uint8Array, at: number): number;
  /** Appends `bytes` zeros to a new file without blocking the thread; throws when the disk has no room for them. */
  allocate(file: number, from: number, bytes: number): Promise<void>;
  /** The contents, not the times: fdatasync(2). */
  flush(file: number): Promise<void>;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Does nothing when the folder is not empty or not there. */
  removeFolder(folder: string): void;
};

export const zeroBlock = new Uint8Array(1024 * 1024);

function settle(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error === null ? resolve() : reject(error))));
}

function writeOnce(file: number, bytes: Uint8Array, length: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(file, bytes, 0, length, at, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
}

async function allocate(file: number, from: number, bytes: number): Promise<void> {
  const end = from + bytes;
  for (let at = from; at < end; ) {
    const written = await writeOnce(file, zeroBlock, Math.min(zeroBlock.length, end - at), at);
    if (written === 0) throw new Error("the disk took no byte");
    at += written;
  }
}

async function flushFolder(folder: string): Promise<void> {
  const handle = fs.openSync(folder, "r");
  try {
    await settle((done) => fs.fsync(handle, done));
  } finally {
    fs.closeSync(handle);
  }
}

function listFolder(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function readWhole(file: number, into: Uint8Array, at: number): number {
  let read = 0;
  while (read < into.length) {
    const more = fs.readSync(file, into, read, into.length - read, at + read);
    if (more === 0) break;
    read += more;
  }
  return read;
}

function removeEmptyFolder(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** The real one. Every call throws what node:fs throws. */
export const diskFiles: SpoolFiles = {
  list: listFolder,
  makeFolder: (folder) => void fs.mkdirSync(folder, { recursive: true, mode: 0o700 }),
  flushFolder,
  create: (path) => fs.openSync(path, "wx+", 0o600),
  open: (path) => fs.openSync(path, "r"),
  close: (file) => fs.closeSync(file),
  size: (file) => fs.fstatSync(file).size,
  write: (file, bytes, from, length, at) => fs.writeSync(file, bytes, from, length, at),
  read: readWhole,
  allocate,
  flush: (file) => settle((done) => fs.fdatasync(file, done)),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  removeFolder: removeEmptyFolder,
};
