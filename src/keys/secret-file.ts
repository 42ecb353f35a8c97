// Files that hold keys: mode 600, written whole or not at all, flushed together with their folder, since a key that a
// power cut takes away would take every sealed body with it.
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** The text without its surrounding space; null when there is no file. Takes away the rights of others. */
export function readSecretText(file: string): string | null {
  try {
    const text = readFileSync(file, "utf8").trim();
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    return text;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw new Error(`${file} cannot be read.`, { cause: error });
  }
}

/** Makes the file with this text, unless it is there: false then, also when another process was a moment faster. */
export function makeSecretFile(file: string, text: string): boolean {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  return writeDraft(file, text, (draft) => {
    try {
      linkSync(draft, file);
      return true;
    } catch (error) {
      if (hasCode(error, "EEXIST")) return false;
      throw error;
    }
  });
}

/**
 * Puts this text into the place of what the file held: whoever reads gets the old text or the new one, whole. The file
 * keeps its owner, and a link to it stays a link.
 */
export function replaceSecretFile(file: string, text: string): void {
  const target = existsSync(file) ? realpathSync(file) : file;
  writeDraft(target, text, (draft) => {
    renameSync(draft, target);
    return true;
  });
}

/** Changes with every replacement of the file; `none` when there is none. */
export function stampFile(file: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${ino}/${size}/${mtimeNs}`;
  } catch {
    return "none";
  }
}

function writeDraft(file: string, text: string, place: (draft: string) => boolean): boolean {
  const draft = `${file}.${process.pid}.${randomBytes(6).toString("hex")}`;
  try {
    const descriptor = openSync(draft, "wx", 0o600);
    try {
      writeSync(descriptor, text);
      keepOwner(descriptor, existsSync(file) ? file : dirname(file));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    const placed = place(draft);
    if (placed) syncFolder(dirname(file));
    return placed;
  } catch (error) {
    throw new Error(`${file} cannot be written. Make the folder writable, or set LOOM_MASTER_KEYS.`, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A command that root runs beside a gateway of another user must not take the keys away from it. */
function keepOwner(descriptor: number, like: string): void {
  const { uid, gid } = statSync(like);
  if (process.getuid?.() === 0 && uid !== 0) fchownSync(descriptor, uid, gid);
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
