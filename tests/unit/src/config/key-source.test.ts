import { expect, test } from "vitest";
import { readConfig } from "../../../../src/config/read-config.js";

const key = Buffer.alloc(32, 1).toString("base64");

function read(env: Record<string, string>) {
  return readConfig({ env, cwd: "/", uid: 1000, cores: 1 });
}

const vault = {
  LOOM_KEYS_SOURCE: "vault",
  LOOM_VAULT_ADDRESS: "https://vault.example:8200/",
  LOOM_VAULT_TOKEN: "s.tok",
};

test("keys are local when nothing is said", () => {
  expect(read({})).toMatchObject({ keys: { source: "local" }, masterKeys: null, masterKeysFile: null });
});

test("a Vault needs its address and a token; mount and key have names of their own accord", () => {
  const { keys } = read(vault);
  expect(keys).toMatchObject({
    source: "vault",
    vault: { address: "https://vault.example:8200", mount: "transit", key: "loom", tokenFile: null, namespace: null },
  });
  expect(JSON.stringify(keys)).not.toContain("s.tok");
  const file = { ...vault, LOOM_VAULT_TOKEN: "", LOOM_VAULT_TOKEN_FILE: "/run/token", LOOM_VAULT_MOUNT: "kms/eu" };
  expect(read(file).keys).toMatchObject({ vault: { token: null, tokenFile: "/run/token", mount: "kms/eu" } });
});

test.each([
  [{ LOOM_VAULT_ADDRESS: "" }, /no address of the Vault.*\n?.*https:\/\/vault\.example/],
  [{ LOOM_VAULT_TOKEN: "" }, /exactly one of a token/],
  [{ LOOM_VAULT_TOKEN_FILE: "/run/token" }, /exactly one of a token/],
  [{ LOOM_MASTER_KEYS: `1:${key}` }, /Master keys are given, and Vault is to unwrap others/],
  [{ LOOM_KEYS_SOURCE: "local" }, /described, but not used/],
  [{ LOOM_KEYS_SOURCE: "kms" }, /one of local, vault/],
  [{ LOOM_VAULT_MOUNT: "../sys" }, /letters, digits/],
  [{ LOOM_VAULT_ADDRESS: "https://user:pw@vault" }, /without user, password/],
])("with %j the fault is named", (change, fault) => {
  expect(() => read({ ...vault, ...change })).toThrow(fault);
});
