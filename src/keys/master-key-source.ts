// Where master keys come from, behind one interface: the configuration, a file in the home, or a file in the home
// whose entries an external key service has wrapped. Everything else asks the interface and never a source.
import type { Config } from "../config/config.js";
import type { Secret } from "../config/secret.js";
import { configuredKeys } from "./configured-keys.js";
import { localKeys } from "./local-keys.js";
import { wrappedKeys } from "./wrapped-keys.js";

export type MasterKeys = {
  /** `version:base64` entries, comma-separated, newest first. */
  readonly keys: Secret;
  /** Whether this call made the keys: worth telling the operator, who must keep a copy. */
  readonly made: boolean;
  /** The file that holds them, wrapped or not; null when they are configured as text. */
  readonly file: string | null;
};

export type MasterKeySource = {
  /** For lists and messages, such as `the file /srv/loom/master-keys`. No secret. */
  readonly description: string;
  /** Reads the keys; makes the first one where there are none. Rejects with an Error in plain words. */
  read(): Promise<MasterKeys>;
  /**
   * Makes a key one version above the highest, puts it in front, and keeps the others: whole or not at all.
   * Two calls at once need a lock around them. Rejects with an Error in plain words when this source cannot.
   */
  add(): Promise<{ readonly version: number; readonly keys: Secret }>;
  /** A mark that changes when somebody changed the keys; null for keys that cannot change while a process runs. */
  stamp(): string | null;
};

export type KeySettings = Pick<Config, "home" | "keys" | "masterKeys" | "masterKeysFile">;

export function masterKeySource(config: KeySettings): MasterKeySource {
  if (config.keys.source === "vault") return wrappedKeys(config.home, config.keys.vault);
  if (config.masterKeys !== null) return configuredKeys(config.masterKeys, config.masterKeysFile);
  return localKeys(config.home);
}
