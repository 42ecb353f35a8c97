// The master keys that a start works with: the configured ones, else the file in `home`, made at the first start.
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.js";
import { findMasterKeysFault } from "./master-key-form.js";
import { Secret } from "./secret.js";

export type MasterKeys = {
  /** `version:base64` entries, comma-separated, newest first. */
  readonly keys: Secret;
  /** Whether this call made the file: worth telling the operator, who must keep a copy. */
  readonly made: boolean;
  /** null when the keys are configured. */
  readonly file: string | null;
};

const masterKeyBytes = 32;

/**
 * Returns the configured keys, or those of `<home>/master-keys` (mode 600), which is made when it is not there.
 * An existing file is never written to, also not by two first starts at the same moment.
 * @throws Error when the file is there and does not hold master keys.
 */
export function ensureMasterKeys(config: Pick<Config, "home" | "masterKeys">): MasterKeys {
  if (config.masterKeys !== null) return { keys: config.masterKeys, made: false, file: null };
  const file = join(config.home, "master-keys");
  const found = readKeys(file);
  if (found !== null) return { keys: found, made: false, file };
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const made = writeOnce(file, `1:${randomBytes(masterKeyBytes).toString("base64")}\n`, config.home);
  const keys = readKeys(file);
  if (keys === null) throw new Error(`${file} vanished while it was made.`);
  return { keys, made, file };
}

function readKeys(file: string): Secret | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw new Error(`${file} cannot be read.`, { cause: error });
  }
  const fault = findMasterKeysFault(text);
  if (fault !== null) {
    throw new Error(`${file} does not hold master keys: ${fault} Put back a copy; without it old bodies stay sealed.`);
  }
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  return new Secret(text);
}

/** Writes the whole file under another name and links it, so that nobody ever reads half of it. */
function writeOnce(file: string, text: string, folder: string): boolean {
  const draft = `${file}.${process.pid}.${randomBytes(6).toString("hex")}`;
  try {
    const descriptor = openSync(draft, "wx", 0o600);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(draft, file);
    syncFolder(folder);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw new Error(`${file} cannot be written. Make the folder writable, or set LOOM_MASTER_KEYS.`, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

// A key that a power cut takes away would take every sealed body with it.
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
