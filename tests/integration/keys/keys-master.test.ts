// `loom keys-master` on keys that no file of the home holds: given as text, and wrapped by a Vault.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rotateMasterKeys } from "../../../src/administer/rotate-keys.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../../support/database.js";
import { startVaultServer } from "../../support/vault-server.js";
import { makeTools, noDeadRows, noSeed } from "../../unit/src/cli/fake-tools.js";

describeWithDatabase("loom keys-master", () => {
  let home: string;
  let database: TestDatabase;
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "loom-keys-master-"));
    database = await openTestDatabase();
  });
  afterEach(async () => {
    await database.close();
    rmSync(home, { recursive: true });
  });

  function loom(line: string, env: Readonly<Record<string, string>> = {}) {
    const connection = database.pool(1);
    const noCredentials = {
      sealCredential: async () => Buffer.of(),
      resealCredential: async () => null,
      deadRows: noDeadRows,
      seedTraces: noSeed,
    };
    const { run } = makeTools({
      env: { LOOM_HOME: home, USER: "ada", ...env },
      withDatabase: (_config, work) => work(connection, noCredentials),
    });
    return run(...line.split(" "));
  }

  async function events() {
    const { rows } = await database
      .pool(1)
      .query("SELECT actor, action, subject, details FROM loom.audit_events ORDER BY number");
    return rows;
  }

  test("rotates one after the other, however slowly a key is made", async () => {
    let newest = 1;
    const add = async () => {
      const version = newest + 1;
      await sleep(100);
      newest = version;
      return { version };
    };
    const by = { actor: "cli:ada", origin: null };
    const rotations = await Promise.all(
      [1, 2, 3].map(() => rotateMasterKeys(database.pool(1), { add, reseal: async () => null }, by)),
    );
    expect(rotations.map(({ version }) => version).toSorted((one, other) => one - other)).toEqual([2, 3, 4]);
  });

  test("does not rotate keys that are text, says what to do, and leaves no event", async () => {
    const env = { LOOM_MASTER_KEYS: `1:${Buffer.alloc(32, 1).toString("base64")}` };
    const { code, out, error } = await loom("keys-master rotate", env);
    expect([code, out]).toEqual([1, ""]);
    expect(error).toMatch(/configured as text.*LOOM_MASTER_KEYS_FILE/);
    expect(await events()).toEqual([]);
    const list = await loom("keys-master list", env);
    expect(list.out).toMatch(/^VERSION +USE +FROM\n1 +seals and opens +LOOM_MASTER_KEYS/);
    expect(list.out).not.toContain(env.LOOM_MASTER_KEYS.slice(2));
  });

  test("has the configured Vault wrap the key file of a home, rotates there, and leaves an event for each", async () => {
    const vault = await startVaultServer();
    const env = { LOOM_KEYS_SOURCE: "vault", LOOM_VAULT_ADDRESS: vault.address, LOOM_VAULT_TOKEN: vault.token };
    expect((await loom("keys-master rotate")).code).toBe(0);
    expect((await loom("keys-master wrap")).error).toMatch(/There is no Vault.*Set keys.source to vault/);
    const plain = readFileSync(join(home, "master-keys"), "utf8").trim();

    const refused = await loom("keys-master rotate", env);
    expect([refused.code, refused.error]).toEqual([
      1,
      expect.stringMatching(/unwrapped master keys.*keys-master wrap/),
    ]);
    const wrapped = await loom("keys-master wrap", env);
    expect(wrapped.out).toMatch(
      /^Wrapped the master keys into \S+master-keys.wrapped.*\n\S+ still holds them in the clear/,
    );
    rmSync(join(home, "master-keys"));
    expect((await loom("keys-master rotate", env)).out).toMatch(
      /^Version 3 .* wrapped by the key transit\/loom of Vault/,
    );
    const list = await loom("keys-master list --json", env);
    expect(JSON.parse(list.out).map((row: { version: number }) => row.version)).toEqual([3, 2, 1]);
    const lying = readFileSync(join(home, "master-keys.wrapped"), "utf8");
    for (const key of plain.split(",")) expect(lying + list.out).not.toContain(key.split(":")[1]);

    const rotated = (version: number) => ({
      ...{ actor: "cli:ada", action: "master-keys.rotate" },
      ...{ subject: `version ${version}`, details: { version } },
    });
    const { address } = vault;
    const wrap = { actor: "cli:ada", action: "master-keys.wrap", subject: "transit/loom", details: { address } };
    expect(await events()).toEqual([rotated(2), wrap, rotated(3)]);
    await vault.close();
  });
});
