// A gateway whose master keys only a Vault can unwrap: it serves, takes a rotation, goes on while the Vault is away, and
// has no unwrapped key in its home. Against a local server of the wire format.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Secret } from "../../../src/config/secret.js";
import { masterKeySource } from "../../../src/keys/master-key-source.js";
import { describeWithDatabase } from "../../support/database.js";
import { findBytes } from "../../support/embedded-gateway.js";
import { startTestGateway, type TestGateway } from "../../support/gateway.js";
import { openTestBody, readTrace } from "../../support/traces.js";
import { startVaultServer, type VaultServer } from "../../support/vault-server.js";

describeWithDatabase("a gateway with a Vault", () => {
  let vault: VaultServer;
  let gateway: TestGateway;
  let url: string;

  beforeAll(async () => {
    vault = await startVaultServer();
    const env = { LOOM_KEYS_SOURCE: "vault", LOOM_VAULT_ADDRESS: vault.address, LOOM_VAULT_TOKEN: vault.token };
    gateway = await startTestGateway(env);
    url = gateway.url;
  });
  afterAll(async () => {
    await gateway.close();
    await vault.close();
  });

  /** Asks, and gives the version under which the row was sealed. */
  async function ask(content: string): Promise<{ id: string; version: number }> {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "mock/echo", messages: [{ role: "user", content }] }),
    });
    await response.text();
    expect(response.status).toBe(200);
    const row = await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
    return { id: row.id, version: row.encryption_key_version };
  }

  async function readKeys(): Promise<string> {
    const { address } = vault;
    const place = { tokenFile: null, namespace: null, mount: "transit", key: "loom" };
    const keys = { source: "vault", vault: { address, token: new Secret(vault.token), ...place } } as const;
    const source = masterKeySource({ home: gateway.home, keys, masterKeys: null, masterKeysFile: null });
    return (await source.read()).keys.reveal();
  }

  test("seals under keys that lie nowhere unwrapped, takes a rotation, and opens what was before it", async () => {
    const before = await ask("before");
    expect(before.version).toBe(1);
    const rotated = await gateway.loom(["keys-master", "rotate"]);
    expect([rotated.code, rotated.stderr]).toEqual([0, ""]);
    await expect.poll(() => gateway.output()).toContain("master_keys_changed");
    const after = await ask("after");
    expect(after.version).toBe(2);
    const keys = await readKeys();
    expect(await openTestBody(gateway, before.id, "request_body", keys)).toContain("before");
    expect(await openTestBody(gateway, after.id, "request_body", keys)).toContain("after");
    for (const entry of keys.split(",")) {
      const bytes = Buffer.from(entry.split(":")[1] ?? "", "base64");
      const forms = { bytes, base64: Buffer.from(bytes.toString("base64")), hex: Buffer.from(bytes.toString("hex")) };
      expect(findBytes([gateway.home], forms)).toEqual([]);
    }
  });

  test("asks the Vault for no request, and goes on while it is away", async () => {
    const asked = vault.requests.length;
    vault.state = "sealed";
    expect((await ask("away")).version).toBe(2);
    expect(vault.requests).toHaveLength(asked);
    const refused = await gateway.loom(["keys-master", "rotate"]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/503: Vault is sealed/)]);
    expect((await ask("still")).version).toBe(2);
    vault.state = "active";
  });

  test("says why when it cannot start, and starts with the same keys when the Vault is back", async () => {
    expect(await gateway.stop()).toBe(0);
    vault.state = "sealed";
    await expect(gateway.startAgain()).rejects.toThrow(/503: Vault is sealed.*unseal it/s);
    vault.state = "active";
    const again = await gateway.startAgain();
    url = again.url;
    expect((await ask("again")).version).toBe(2);
    expect(await again.stop()).toBe(0);
    expect(existsSync(join(gateway.home, "master-keys"))).toBe(false);
  });
});
