// Master keys that the operator configured: as text, which is what it is for as long as the process runs, or as a file
// of the operator's (LOOM_MASTER_KEYS_FILE), which a secret store may replace while the gateway runs.
import type { Secret } from "../config/secret.js";
import { addVersion, readLocalKeys } from "./local-keys.js";
import type { MasterKeySource } from "./master-key-source.js";
import { stampFile } from "./secret-file.js";

export function configuredKeys(keys: Secret, file: string | null): MasterKeySource {
  if (file === null) {
    return {
      description: "LOOM_MASTER_KEYS (or masterKeys in loom.yaml)",
      read: async () => ({ keys, made: false, file: null }),
      add: async () => {
        throw new Error(
          'The master keys are configured as text, which no command can change. Put a new entry in front of the old ones ("2:<32 bytes in base64>,1:...") and restart, or keep them in a file: LOOM_MASTER_KEYS_FILE.',
        );
      },
      stamp: () => null,
    };
  }
  const read = (): Secret => {
    const found = readLocalKeys(file);
    if (found === null) throw new Error(`${file} is gone. LOOM_MASTER_KEYS_FILE names it.`);
    return found;
  };
  return {
    description: `the file ${file}`,
    read: async () => ({ keys: read(), made: false, file }),
    add: async () => addVersion(file, read().reveal()),
    stamp: () => stampFile(file),
  };
}
