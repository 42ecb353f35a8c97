// Master keys in a file of the home, made at the first start: the first implementation of MasterKeySource.
import { join } from "node:path";
import { findMasterKeysFault } from "../config/master-key-form.js";
import { Secret } from "../config/secret.js";
import { joinKeys, makeKeyBytes, nextVersion, splitKeys } from "./key-text.js";
import type { MasterKeySource, MasterKeys } from "./master-key-source.js";
import { makeSecretFile, readSecretText, replaceSecretFile, stampFile } from "./secret-file.js";

/** The file of a home that holds unwrapped master keys. */
export function localKeyFile(home: string): string {
  return join(home, "master-keys");
}

export function localKeys(home: string): MasterKeySource {
  const file = localKeyFile(home);
  return {
    description: `the file ${file}`,
    read: async () => ensureLocalKeys(file),
    add: async () => {
      const { keys } = ensureLocalKeys(file);
      return addVersion(file, keys.reveal());
    },
    stamp: () => stampFile(file),
  };
}

/**
 * The keys of the file, which is made when it is not there. An existing one is never written to, also not by two
 * first starts at the same moment.
 * @throws Error when the file is there and does not hold master keys.
 */
function ensureLocalKeys(file: string): MasterKeys {
  const found = readLocalKeys(file);
  if (found !== null) return { keys: found, made: false, file };
  const made = makeSecretFile(file, `1:${makeKeyBytes()}\n`);
  const keys = readLocalKeys(file);
  if (keys === null) throw new Error(`${file} vanished while it was made.`);
  return { keys, made, file };
}

/** null when there is no file. @throws Error when it does not hold master keys. */
export function readLocalKeys(file: string): Secret | null {
  const text = readSecretText(file);
  if (text === null) return null;
  const fault = findMasterKeysFault(text);
  if (fault === null) return new Secret(text);
  throw new Error(`${file} does not hold master keys: ${fault} Put back a copy; without it old bodies stay sealed.`);
}

/** Writes the text with a new version in front. */
export function addVersion(file: string, text: string): { version: number; keys: Secret } {
  const entries = splitKeys(text);
  const version = nextVersion(entries);
  const added = joinKeys([{ version, base64: makeKeyBytes() }, ...entries]);
  replaceSecretFile(file, `${added}\n`);
  return { version, keys: new Secret(added) };
}
