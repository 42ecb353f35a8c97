// The administration commands against a real PostgreSQL: each is run as the command line runs it.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CredentialToSeal } from "../../src/administer/provider-configs.js";
import { ensureDemoTenant } from "../../src/administer/tenants.js";
import type { ProgramTools } from "../../src/cli/program-tools.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { makeTools, noDeadRows, noSeed } from "../unit/src/cli/fake-tools.js";

describeWithDatabase("administration", () => {
  let database: TestDatabase;
  let sealed: CredentialToSeal[] = [];
  const pool = () => database.pool(1);

  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.close());

  async function loom(line: string, changes: Partial<ProgramTools> = {}) {
    sealed = [];
    const connection = pool();
    const { run } = makeTools({
      withDatabase: (_config, work) =>
        work(connection, {
          sealCredential: async (input) => {
            sealed.push(input);
            return Buffer.from(`sealed for ${input.baseUrl}`);
          },
          resealCredential: async () => null,
          deadRows: noDeadRows,
          seedTraces: noSeed,
        }),
      ...changes,
    });
    return run(...line.split(" "));
  }

  async function loomJson(line: string): Promise<unknown> {
    const { code, out, error } = await loom(`${line} --json`);
    if (code !== 0) throw new Error(error);
    return JSON.parse(out);
  }

  async function rows(sql: string, values: unknown[] = []) {
    return (await pool().query(sql, values)).rows;
  }

  test("a tenant is made once, with a time-ordered id and a salt of its own", async () => {
    expect((await loom("tenant create acme")).out).toMatch(/^Made tenant acme \([0-9a-f]{8}-[0-9a-f]{4}-7/);
    await loom("tenant create other");
    const again = await loom("tenant create acme");
    expect(again.code).toBe(1);
    expect(again.error).toBe(
      'error: There is a tenant "acme" already. Choose another name, or see `loom tenant list`.\n',
    );
    const salts = await rows("SELECT key_salt FROM loom.tenants WHERE name IN ('acme', 'other')");
    expect(salts.map((row) => row.key_salt.length)).toEqual([32, 32]);
    expect(salts[0].key_salt.equals(salts[1].key_salt)).toBe(false);
    expect(await loomJson("tenant list")).toMatchObject([{ name: "acme" }, { name: "other" }]);
    expect((await loom("tenant list")).out).toMatch(/^NAME +ID +CREATED +ERASED\nacme /);
  });

  test("the failure policy of a tenant is refuse until it is set, and each change of it leaves an event", async () => {
    const policyOf = async (name: string) =>
      (await rows("SELECT failure_policy FROM loom.tenants WHERE name = $1", [name]))[0].failure_policy;
    await loom("tenant create cautious");
    await loom("tenant create eager");
    expect(await policyOf("eager")).toBe("refuse");
    expect((await loom("tenant policy eager serve")).out).toBe("Unrecordable requests of eager are now served.\n");
    expect((await loom("tenant policy eager serve")).out).toMatch(/already served/);
    expect([await policyOf("eager"), await policyOf("cautious")]).toEqual(["serve", "refuse"]);
    expect(await loomJson("tenant policy eager refuse")).toEqual({ tenant: "eager", policy: "refuse", changed: true });
    const events = await rows(
      "SELECT actor, details FROM loom.audit_events WHERE action = 'tenant.failure_policy' AND subject = 'eager' ORDER BY number",
    );
    expect(events.map((event) => event.details)).toEqual([{ policy: "serve" }, { policy: "refuse" }]);
    expect(events[0].actor).toMatch(/^cli:/);
    expect((await loom("tenant policy nobody serve")).error).toMatch(/no tenant "nobody"/);
    expect((await loom("tenant policy eager drop")).code).toBe(2);
  });

  test("a name that is none is refused without repeating what would control a terminal", async () => {
    for (const name of ["", "-x", "a".repeat(101), "a\u001b[2J", "x/"]) {
      const { run } = makeTools({
        withDatabase: (_config, work) =>
          work(pool(), {
            sealCredential: async () => Buffer.of(),
            resealCredential: async () => null,
            deadRows: noDeadRows,
            seedTraces: noSeed,
          }),
      });
      const { code, error } = await run("tenant", "create", "--", name);
      expect(code).toBe(1);
      expect(error).toMatch(/cannot be the name of a tenant/);
      expect(error).not.toContain("\u001b");
    }
  });

  describe("keys", () => {
    test("are shown once, alone on standard output, and only their SHA-256 is kept", async () => {
      const { code, out, error } = await loom(
        "key create --tenant acme --name ci --scopes bodies:read,audit --expires 90d",
      );
      expect(code).toBe(0);
      expect(error).toMatch(/cannot be shown again/);
      const key = out.trim();
      expect(key).toMatch(/^sk-loom-[0-9A-Za-z]{10}-[0-9A-Za-z]{43}$/);
      const [row] = await rows("SELECT k.*, k::text AS whole FROM loom.api_keys k WHERE name = 'ci'");
      expect(row.key_hash).toEqual(createHash("sha256").update(key).digest());
      expect(row.prefix).toBe(key.slice(0, 18));
      expect(row.scopes).toEqual(["bodies:read", "audit"]);
      expect(Math.round((row.expires_at - Date.now()) / 86_400_000)).toBe(90);
      expect(row.whole).not.toContain(key.slice(-43));
    });

    test("are listed by prefix, with their state, of one tenant or of all", async () => {
      await loom("key create --tenant other");
      await rows("UPDATE loom.api_keys SET expires_at = now() - interval '1 s' WHERE name = 'ci'");
      expect(await loomJson("key list --tenant acme")).toMatchObject([
        { tenant: "acme", name: "ci", state: "expired" },
      ]);
      expect(await loomJson("key list")).toMatchObject([
        { tenant: "acme" },
        { tenant: "other", state: "active", scopes: [] },
      ]);
      expect((await loom("key list")).out).not.toMatch(/sk-loom-\w{10}-/);
    });

    test("are revoked by prefix, id or the whole key, and keep their first time of revocation", async () => {
      for (const field of ["prefix", "id", "key"] as const) {
        const made = (await loomJson("key create --tenant other")) as Record<typeof field, string>;
        expect(await loomJson(`key revoke ${made[field]}`)).toMatchObject({
          prefix: made.prefix,
          revokedBefore: false,
        });
        const [first] = await rows("SELECT revoked_at FROM loom.api_keys WHERE id = $1", [made.id]);
        expect((await loom(`key revoke ${made[field]}`)).out).toBe(`${made.prefix} was revoked before.\n`);
        expect(await rows("SELECT revoked_at FROM loom.api_keys WHERE id = $1", [made.id])).toEqual([first]);
      }
      expect(await rows("SELECT count(*)::int AS n FROM loom.api_keys WHERE revoked_at IS NULL")).toEqual([{ n: 2 }]);
    });

    test("that nobody knows are refused, and a whole key is not repeated", async () => {
      const unknown = `sk-loom-${"a".repeat(10)}-${"b".repeat(43)}`;
      for (const key of [unknown, "sk-loom-zzzzzzzzzz", "018f0000-0000-7000-8000-000000000000", "x"]) {
        const { code, error } = await loom(`key revoke ${key}`);
        expect([code, error.includes("bbb")]).toEqual([1, false]);
        expect(error).toMatch(/No key has that prefix or id/);
      }
    });

    test("of an unknown tenant are refused with the way out", async () => {
      const { code, error } = await loom("key create --tenant nobody");
      expect(code).toBe(1);
      expect(error).toMatch(/There is no tenant "nobody"\. See `loom tenant list`/);
    });
  });

  describe("providers", () => {
    const row = async () =>
      (
        await rows(
          "SELECT p.* FROM loom.provider_configs p JOIN loom.tenants t ON t.id = tenant_id WHERE t.name = 'acme' AND provider = 'groq'",
        )
      )[0];

    test("are set with a sealed key from standard input, bound to the base URL as it is kept", async () => {
      const readInput = async () => "gsk-hush\n";
      const { code, out } = await loom("provider set groq --tenant acme --base-url https://g/v1/ --api-key-stdin", {
        readInput,
      });
      expect([code, out]).toEqual([0, "Set groq (openai-compatible, https://g/v1) of acme; key: sealed.\n"]);
      expect(sealed[0]).toMatchObject({ provider: "groq", baseUrl: "https://g/v1" });
      expect(sealed[0]?.credential.reveal()).toBe("gsk-hush");
      expect(Buffer.from(sealed[0]?.keySalt ?? "", "base64")).toHaveLength(32);
      expect(await row()).toMatchObject({
        kind: "openai-compatible",
        settings: { baseUrl: "https://g/v1", auth: "bearer", apiVersion: null, deployments: {} },
        credentials: Buffer.from("sealed for https://g/v1"),
      });
    });

    test("keep their key when none is given and the base URL stays", async () => {
      expect((await loom("provider set groq --tenant acme --base-url https://g/v1 --auth api-key")).out).toMatch(
        /key: sealed/,
      );
      expect(await row()).toMatchObject({
        settings: { auth: "api-key" },
        credentials: Buffer.from("sealed for https://g/v1"),
      });
    });

    test("never keep a key beside a base URL that it was not sealed for", async () => {
      const { code, error } = await loom("provider set groq --tenant acme --base-url https://evil/v1");
      expect(code).toBe(1);
      expect(error).toMatch(/sealed for another base URL\. Give the key again/);
      expect((await row()).settings.baseUrl).toBe("https://g/v1");
      await loom("provider set groq --tenant acme --base-url https://new/v1 --api-key-env K", { env: { K: "new" } });
      expect(await row()).toMatchObject({
        settings: { baseUrl: "https://new/v1" },
        credentials: Buffer.from("sealed for https://new/v1"),
      });
    });

    test("lose their key when none is to be sent", async () => {
      expect((await loom("provider set groq --tenant acme --base-url https://h/v1 --auth none")).out).toMatch(
        /key: none/,
      );
      expect((await row()).credentials).toBeNull();
    });

    test("of Azure carry version and deployments", async () => {
      const line =
        "provider set azure-openai --tenant acme --base-url https://r.openai.azure.com --api-key k --api-version 2024-10-21";
      expect(await loomJson(`${line} --deployment a=b c=d`)).toMatchObject({
        kind: "azure-openai",
        auth: "api-key",
        apiVersion: "2024-10-21",
        deployments: { a: "b", c: "d" },
      });
    });

    test("without a base URL are refused where the kind has none", async () => {
      expect((await loom("provider set azure-openai --tenant other")).error).toMatch(
        /no base URL of its own\. Add --base-url/,
      );
    });

    test("cannot be sealed for a tenant whose keys were erased", async () => {
      await loom("tenant create gone");
      await rows("UPDATE loom.tenants SET key_salt = NULL WHERE name = 'gone'");
      expect((await loom("provider set openai --tenant gone --api-key k")).error).toMatch(/were erased/);
      expect(sealed).toEqual([]);
    });

    test("are listed without keys", async () => {
      expect(await loomJson("provider list --tenant acme")).toMatchObject([
        { tenant: "acme", name: "azure-openai", key: "sealed", baseUrl: "https://r.openai.azure.com" },
        { tenant: "acme", name: "groq", key: "none" },
      ]);
      expect((await loom("provider list")).out).not.toContain("sealed for");
    });
  });

  test("routes are set, replaced and listed in order", async () => {
    expect((await loom("route set fast openai/a groq/b --tenant acme")).out).toBe(
      "Set fast of acme: openai/a, then groq/b.\n",
    );
    await loom("route set fast groq/b openai/a --tenant acme");
    await loom("route set fast mock/echo --tenant other");
    expect(await loomJson("route list --tenant acme")).toMatchObject([
      { model: "fast", targets: ["groq/b", "openai/a"] },
    ]);
    expect(await loomJson("route list")).toHaveLength(2);
  });

  test("the demo tenant is made once, by one of many that start together, with a key that fits", async () => {
    const connections = [pool(), pool(), pool()];
    const made = (await Promise.all(connections.map((connection) => ensureDemoTenant(connection)))).filter(
      (demo) => demo !== null,
    );
    expect(made).toHaveLength(1);
    const hash = createHash("sha256")
      .update(made[0]?.key ?? "")
      .digest();
    expect(
      await rows("SELECT t.name FROM loom.api_keys k JOIN loom.tenants t ON t.id = tenant_id WHERE key_hash = $1", [
        hash,
      ]),
    ).toEqual([{ name: "demo" }]);
    expect(await ensureDemoTenant(pool())).toBeNull();
  });
});
