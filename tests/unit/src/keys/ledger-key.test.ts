import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Secret } from "../../../../src/config/secret.js";
import { ensureLedgerKey, findLedgerKey, ledgerPublicKeyFile } from "../../../../src/keys/ledger-key.js";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "loom-ledger-key-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const publicKeys = () => readFileSync(ledgerPublicKeyFile(home), "utf8").match(/BEGIN PUBLIC KEY/g)?.length;

it("the key is made once, for its owner only, with its public half beside it", () => {
  expect(findLedgerKey({ home, ledgerKey: null })).toBeNull();
  const first = ensureLedgerKey({ home, ledgerKey: null });
  expect(first).toMatchObject({ made: true, file: join(home, "ledger-key") });
  expect(statSync(join(home, "ledger-key")).mode & 0o777).toBe(0o600);
  const again = ensureLedgerKey({ home, ledgerKey: null });
  expect([again.made, again.key.reveal()]).toEqual([false, first.key.reveal()]);
  expect(findLedgerKey({ home, ledgerKey: null })?.reveal()).toBe(first.key.reveal());
  expect(publicKeys()).toBe(1);
});

it("a configured key wins, also with written line breaks, and the former public key stays", () => {
  ensureLedgerKey({ home, ledgerKey: null });
  const pem = String(generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }));
  const given = ensureLedgerKey({ home, ledgerKey: new Secret(pem.replaceAll("\n", "\\n")) });
  expect([given.made, given.file, given.key.reveal()]).toEqual([false, null, pem]);
  expect(publicKeys()).toBe(2);
});

it("what is no key is refused, and never repeated", () => {
  writeFileSync(join(home, "ledger-key"), "hush");
  expect(() => ensureLedgerKey({ home, ledgerKey: null })).toThrow(/does not hold an Ed25519 private key/);
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" });
  expect(() => ensureLedgerKey({ home, ledgerKey: new Secret(String(rsa)) })).toThrow(/^LOOM_LEDGER_KEY does not hold/);
  try {
    ensureLedgerKey({ home, ledgerKey: null });
  } catch (error) {
    expect(String(error)).not.toContain("hush");
  }
});
