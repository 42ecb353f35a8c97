// Master keys that only a Vault can unwrap, against a local server of its wire format.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { VaultSettings } from "../../../src/config/config.js";
import { Secret } from "../../../src/config/secret.js";
import { masterKeySource } from "../../../src/keys/master-key-source.js";
import { wrapLocalKeys } from "../../../src/keys/wrapped-keys.js";
import { startVaultServer, type VaultServer } from "../../support/vault-server.js";

let home: string;
let vault: VaultServer;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "loom-vault-"));
  vault = await startVaultServer();
});
afterEach(async () => {
  await vault.close();
  rmSync(home, { recursive: true });
});

function settingsOf(changes: Partial<VaultSettings> = {}): VaultSettings {
  const { address, token } = vault;
  const plain = { tokenFile: null, namespace: null, mount: "transit", key: "loom" };
  return { address, token: new Secret(token), ...plain, ...changes };
}

function sourceOf(changes: Partial<VaultSettings> = {}) {
  const keys = { source: "vault", vault: settingsOf(changes) } as const;
  return masterKeySource({ home, keys, masterKeys: null, masterKeysFile: null });
}

/** Everything that lies in the home, in every form that a key's bytes may take. */
function expectNoKeyOnDisk(keys: Secret): void {
  for (const name of readdirSync(home)) {
    const bytes = readFileSync(join(home, name));
    for (const entry of keys.reveal().split(",")) {
      const key = Buffer.from(entry.split(":")[1] ?? "", "base64");
      expect(key).toHaveLength(32);
      for (const form of [key, Buffer.from(key.toString("base64")), Buffer.from(key.toString("hex"))]) {
        expect(bytes.includes(form), name).toBe(false);
      }
    }
  }
}

describe("keys that Vault wraps", () => {
  test("are made at the first start, are the same at the next, and lie on disk wrapped only", async () => {
    const first = await sourceOf().read();
    expect(first).toMatchObject({ made: true, file: join(home, "master-keys.wrapped") });
    const second = await sourceOf().read();
    expect(second.made).toBe(false);
    expect(second.keys.reveal()).toBe(first.keys.reveal());
    expect(readdirSync(home)).toEqual(["master-keys.wrapped"]);
    expect(statSync(join(home, "master-keys.wrapped")).mode & 0o777).toBe(0o600);
    expectNoKeyOnDisk(first.keys);
    expect(vault.requests.map(({ path }) => path)).toEqual([
      "/v1/transit/datakey/plaintext/loom",
      "/v1/transit/decrypt/loom",
      "/v1/transit/decrypt/loom",
    ]);
    expect(vault.requests.every(({ token }) => token === vault.token)).toBe(true);
  });

  test("are rotated: a new version in front, the old ones rewrapped under Vault's newest key", async () => {
    const first = (await sourceOf().read()).keys.reveal();
    const before = sourceOf().stamp();
    vault.rotate();
    const { version, keys } = await sourceOf().add();
    expect([version, keys.reveal().split(",")[1]]).toEqual([2, first]);
    expect((await sourceOf().read()).keys.reveal()).toBe(keys.reveal());
    expect(sourceOf().stamp()).not.toBe(before);
    expect(readFileSync(join(home, "master-keys.wrapped"), "utf8").match(/vault:v\d/g)).toEqual([
      "vault:v2",
      "vault:v2",
    ]);
    expectNoKeyOnDisk(keys);
  });

  test("take their token from a file that is read anew each time, and tell Vault their namespace and mount", async () => {
    const tokenFile = join(home, "token");
    writeFileSync(tokenFile, `${vault.token}\n`);
    await sourceOf({ token: null, tokenFile, namespace: "team/eu" }).read();
    expect(vault.requests[0]).toMatchObject({ token: vault.token, namespace: "team/eu" });
    writeFileSync(tokenFile, "expired");
    await expect(sourceOf({ token: null, tokenFile }).read()).rejects.toThrow(/403: permission denied/);
    rmSync(tokenFile);
    await expect(sourceOf({ token: null, tokenFile }).read()).rejects.toThrow(/token holds no token for Vault/);
  });

  test("come from a key file that was there: it is wrapped, compared, and still there for the operator to take away", async () => {
    const local = masterKeySource({ home, keys: { source: "local" }, masterKeys: null, masterKeysFile: null });
    await local.read();
    const { keys } = await local.add();
    await expect(sourceOf().read()).rejects.toThrow(/holds unwrapped master keys.*keys-master wrap/s);
    const wrapped = await wrapLocalKeys(home, settingsOf());
    expect((await sourceOf().read()).keys.reveal()).toBe(keys.reveal());
    await expect(wrapLocalKeys(home, settingsOf())).rejects.toThrow(/is there already/);
    rmSync(wrapped.plain);
    expectNoKeyOnDisk(keys);
    await expect(wrapLocalKeys(home, settingsOf())).rejects.toThrow(/There is no .*master-keys to wrap/);
  });
});

describe("a Vault that does not help", () => {
  test.each([
    [
      "denies the token",
      { token: new Secret("hvs.wrong") },
      /refused transit\/datakey \(403: permission denied\).*policy/,
    ],
    ["has no such mount", { mount: "kms" }, /404: no handler for route.*mounted at "kms"/],
    ["has no such key", { key: "other" }, /400: encryption key not found.*transit key "other"/],
    ["is away", { address: "http://127.0.0.1:9" }, /cannot be reached.*keys.vault.address/],
  ])("that %s is named, with what to do, and nothing is made", async (_name, changes, message) => {
    await expect(sourceOf(changes).read()).rejects.toThrow(message);
    expect(readdirSync(home)).toEqual([]);
  });

  test.each([
    ["sealed", /503: Vault is sealed.*unseal it/],
    ["standby", /307.*standby/],
    ["broken", /answered something/],
  ] as const)("and is %s is named; keys that are there stay as they are", async (state, message) => {
    await sourceOf().read();
    const before = readFileSync(join(home, "master-keys.wrapped"));
    vault.state = state;
    await expect(sourceOf().read()).rejects.toThrow(message);
    await expect(sourceOf().add()).rejects.toThrow(message);
    expect(readFileSync(join(home, "master-keys.wrapped"))).toEqual(before);
    vault.state = "active";
    expect((await sourceOf().read()).made).toBe(false);
  });

  test("for a moment only is asked again", async () => {
    vault.state = "sealed";
    const reading = sourceOf().read();
    setTimeout(() => {
      vault.state = "active";
    }, 100);
    expect((await reading).made).toBe(true);
  });

  test("and has another key than the one that wrapped is named, and no message shows token or ciphertext", async () => {
    await sourceOf().read();
    const other = await startVaultServer();
    const denied = sourceOf({ address: other.address, token: new Secret(other.token) }).read();
    const message = await denied.then(
      () => "",
      (error: Error) => error.message,
    );
    expect(message).toMatch(/400: invalid ciphertext: unable to decrypt.*were these keys wrapped by it/);
    expect(message).not.toContain(other.token);
    expect(message).not.toContain("vault:v1");
    await other.close();
  });

  test("and a file that is damaged is named, and never written over", async () => {
    await sourceOf().read();
    const file = join(home, "master-keys.wrapped");
    for (const damaged of ["", "{}", '{"format":1,"mount":"transit","key":"loom","keys":[]}']) {
      writeFileSync(file, damaged);
      await expect(sourceOf().read()).rejects.toThrow(/does not hold wrapped master keys/);
      await expect(sourceOf().add()).rejects.toThrow(/does not hold wrapped master keys/);
      expect(readFileSync(file, "utf8")).toBe(damaged);
    }
  });
});
