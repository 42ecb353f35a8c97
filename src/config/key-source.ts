// The part of the configuration that says where master keys come from: complete, or a fault for each thing it lacks.
import type { KeySourceSettings, VaultSettings } from "./config.js";
import type { ConfigFault } from "./config-faults.js";
import type { FileSettings } from "./config-schema.js";
import { Secret } from "./secret.js";

const defaultMount = "transit";
const defaultKey = "loom";

/** Faults are added to the list, and then the result is not to be used. */
export function composeKeySource(
  settings: FileSettings,
  locate: (path: readonly string[]) => string,
  faults: ConfigFault[],
): KeySourceSettings {
  const { source = "local", vault } = settings.keys ?? {};
  if (source === "local") {
    if (vault !== undefined) {
      const fix = "Set keys.source to vault, or remove keys.vault.";
      faults.push({ where: locate(["keys", "vault"]), message: "A Vault is described, but not used.", fix });
    }
    return { source };
  }
  const at = (field: string): string => locate(["keys", "vault", field]);
  if (settings.masterKeys !== undefined) {
    const fix = "Remove masterKeys (LOOM_MASTER_KEYS); `loom keys-master wrap` wraps a key file.";
    faults.push({
      where: locate(["masterKeys"]),
      message: "Master keys are given, and Vault is to unwrap others.",
      fix,
    });
  }
  if (vault?.address === undefined) {
    const fix = "Give its address, such as https://vault.example:8200.";
    faults.push({ where: at("address"), message: "There is no address of the Vault.", fix });
  }
  if ((vault?.token === undefined) === (vault?.tokenFile === undefined)) {
    const fix = "Give either token (LOOM_VAULT_TOKEN) or tokenFile (LOOM_VAULT_TOKEN_FILE).";
    faults.push({ where: at("token"), message: "Vault needs exactly one of a token and a file with a token.", fix });
  }
  const whole: VaultSettings = {
    address: (vault?.address ?? "").replace(/\/+$/, ""),
    token: vault?.token === undefined ? null : new Secret(vault.token),
    tokenFile: vault?.tokenFile ?? null,
    namespace: vault?.namespace ?? null,
    mount: vault?.mount ?? defaultMount,
    key: vault?.key ?? defaultKey,
  };
  return { source, vault: whole };
}
