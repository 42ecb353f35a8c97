// The key that signs the ledger: the configured one, else `<home>/ledger-key`, made at the first start. Its public half
// lies beside it as `ledger-key.pub`, for whoever verifies.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.js";
import { Secret } from "../config/secret.js";
import { makeSecretFile, readSecretText } from "./secret-file.js";

export type LedgerKey = {
  /** PKCS 8 PEM of an Ed25519 key. */
  readonly key: Secret;
  /** Whether this call made the file. */
  readonly made: boolean;
  /** null when the key is configured. */
  readonly file: string | null;
};

export function ledgerPublicKeyFile(home: string): string {
  return join(home, "ledger-key.pub");
}

/**
 * The key of this home, made when there is none; its public half is added to `<home>/ledger-key.pub`, where those of
 * former keys stay: what they signed has to be verified too.
 * @throws Error when the configured text or the file is no Ed25519 key in PKCS 8 PEM.
 */
export function ensureLedgerKey({ home, ledgerKey }: Pick<Config, "home" | "ledgerKey">): LedgerKey {
  const found = ledgerKey === null ? ensureFile(join(home, "ledger-key")) : configured(ledgerKey);
  keepPublicKey(ledgerPublicKeyFile(home), publicPemOf(found.key, found.file ?? "LOOM_LEDGER_KEY"));
  return found;
}

/** As ensureLedgerKey, but nothing is made: null when there is no key. */
export function findLedgerKey({ home, ledgerKey }: Pick<Config, "home" | "ledgerKey">): Secret | null {
  if (ledgerKey !== null) return configured(ledgerKey).key;
  const text = readSecretText(join(home, "ledger-key"));
  return text === null ? null : new Secret(`${text}\n`);
}

// A variable of a container may hold the line breaks as backslash and n.
function configured(ledgerKey: Secret): LedgerKey {
  return { key: new Secret(ledgerKey.reveal().replaceAll("\\n", "\n")), made: false, file: null };
}

function ensureFile(file: string): LedgerKey {
  const fresh = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
  const made = readSecretText(file) === null && makeSecretFile(file, String(fresh));
  const text = readSecretText(file);
  if (text === null) throw new Error(`${file} vanished while it was made.`);
  return { key: new Secret(`${text}\n`), made, file };
}

function publicPemOf(key: Secret, where: string): string {
  try {
    const privateKey = createPrivateKey(key.reveal());
    if (privateKey.asymmetricKeyType !== "ed25519") throw new Error("not Ed25519");
    return String(createPublicKey(privateKey).export({ format: "pem", type: "spki" }));
  } catch {
    // The parser's own error might quote the text.
    throw new Error(
      `${where} does not hold an Ed25519 private key in PKCS 8 PEM. Put back a copy, or make one with: openssl genpkey -algorithm ed25519.`,
    );
  }
}

function keepPublicKey(file: string, pem: string): void {
  let known = "";
  try {
    known = readFileSync(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  if (!known.includes(pem.trim())) writeFileSync(file, `${known}${pem}`, { mode: 0o644 });
}
