// Master keys that only Vault can unwrap: `<home>/master-keys.wrapped` holds them as Vault's transit engine wrapped
// them, and the process unwraps them into memory at its start. No unwrapped key touches a disk.
import { join } from "node:path";
import { z } from "zod";
import type { VaultSettings } from "../config/config.js";
import { findMasterKeysFault } from "../config/master-key-form.js";
import { Secret } from "../config/secret.js";
import { joinKeys, nextVersion, splitKeys } from "./key-text.js";
import { localKeyFile, readLocalKeys } from "./local-keys.js";
import type { MasterKeySource } from "./master-key-source.js";
import { makeSecretFile, readSecretText, replaceSecretFile, stampFile } from "./secret-file.js";
import { openVaultTransit, type VaultTransit } from "./vault-transit.js";

const fileShape = z.strictObject({
  format: z.literal(1),
  /** Where they were wrapped: told to whoever finds the file. */
  mount: z.string(),
  key: z.string(),
  /** Newest first. */
  keys: z.array(z.strictObject({ version: z.int().positive(), wrapped: z.string().startsWith("vault:") })).min(1),
});
type WrappedKeys = z.infer<typeof fileShape>;
type WrappedKey = WrappedKeys["keys"][number];

function wrappedKeyFile(home: string): string {
  return join(home, "master-keys.wrapped");
}

export function wrappedKeys(home: string, settings: VaultSettings): MasterKeySource {
  const file = wrappedKeyFile(home);
  const vault = openVaultTransit(settings);
  const readOrMake = async (): Promise<{ wrapped: WrappedKeys; made: boolean }> => {
    const found = readWrapped(file);
    if (found !== null) return { wrapped: found, made: false };
    if (readSecretText(localKeyFile(home)) !== null) {
      const fix = "Run `loom keys-master wrap` to have Vault wrap them, or set keys.source to local.";
      throw new Error(`${localKeyFile(home)} holds unwrapped master keys, and keys.source is vault. ${fix}`);
    }
    const { ciphertext } = await vault.makeDataKey();
    const made = makeSecretFile(file, writeWrapped(settings, [{ version: 1, wrapped: ciphertext }]));
    const wrapped = readWrapped(file);
    if (wrapped === null) throw new Error(`${file} vanished while it was made.`);
    return { wrapped, made };
  };
  return {
    description: `the file ${file}, wrapped by the key ${settings.mount}/${settings.key} of Vault at ${settings.address}`,
    async read() {
      const { wrapped, made } = await readOrMake();
      return { keys: await unwrap(vault, wrapped, file), made, file };
    },
    async add() {
      const { wrapped } = await readOrMake();
      const version = nextVersion(wrapped.keys);
      const { ciphertext } = await vault.makeDataKey();
      // The old ones move to the newest version of Vault's own key on the way.
      const others: WrappedKey[] = [];
      for (const each of wrapped.keys) others.push({ ...each, wrapped: await vault.rewrap(each.wrapped) });
      const keys = [{ version, wrapped: ciphertext }, ...others];
      const text = writeWrapped(settings, keys);
      // A file that cannot be opened must never take the place of one that can.
      const unwrapped = await unwrap(vault, fileShape.parse(JSON.parse(text)), file);
      replaceSecretFile(file, text);
      return { version, keys: unwrapped };
    },
    stamp: () => stampFile(file),
  };
}

/**
 * Wraps the unwrapped key file of a home, and returns it for the caller to remove once he has a copy elsewhere.
 * The wrapped file is unwrapped again and compared before it is kept. @throws Error when there is nothing to wrap.
 */
export async function wrapLocalKeys(home: string, settings: VaultSettings): Promise<{ file: string; plain: string }> {
  const file = wrappedKeyFile(home);
  const plain = localKeyFile(home);
  const keys = readLocalKeys(plain);
  if (keys === null) throw new Error(`There is no ${plain} to wrap.`);
  if (readWrapped(file) !== null) throw new Error(`${file} is there already.`);
  const vault = openVaultTransit(settings);
  const wrapped: WrappedKey[] = [];
  for (const { version, base64 } of splitKeys(keys.reveal())) {
    const standard = Buffer.from(base64, "base64").toString("base64");
    wrapped.push({ version, wrapped: await vault.encrypt(standard) });
  }
  const text = writeWrapped(settings, wrapped);
  const back = await unwrap(vault, fileShape.parse(JSON.parse(text)), file);
  if (canonical(back.reveal()) !== canonical(keys.reveal()))
    throw new Error("Vault did not give back what it wrapped.");
  if (!makeSecretFile(file, text)) throw new Error(`${file} is there already.`);
  return { file, plain };
}

function canonical(text: string): string {
  return joinKeys(
    splitKeys(text).map((each) => ({ ...each, base64: Buffer.from(each.base64, "base64").toString("hex") })),
  );
}

function writeWrapped({ mount, key }: VaultSettings, keys: WrappedKey[]): string {
  return `${JSON.stringify({ format: 1, mount, key, keys } satisfies WrappedKeys, null, 2)}\n`;
}

function readWrapped(file: string): WrappedKeys | null {
  const text = readSecretText(file);
  if (text === null) return null;
  try {
    return fileShape.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} does not hold wrapped master keys. Put back a copy; without it old bodies stay sealed.`);
  }
}

async function unwrap(vault: VaultTransit, { keys }: WrappedKeys, file: string): Promise<Secret> {
  const entries: { version: number; base64: string }[] = [];
  for (const { version, wrapped } of keys) entries.push({ version, base64: await vault.decrypt(wrapped) });
  const text = joinKeys(entries);
  const fault = findMasterKeysFault(text);
  if (fault !== null) throw new Error(`${file} does not unwrap to master keys: ${fault}`);
  return new Secret(text);
}
