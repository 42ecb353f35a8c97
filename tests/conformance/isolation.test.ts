// One tenant's key never reaches another tenant's providers, models or traces, and a key that was taken away stops
// working everywhere at once.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { readTrace } from "../support/traces.js";

type Tenant = { readonly name: string; readonly key: string; readonly prefix: string };

describeWithDatabase("tenants", () => {
  let gateway: TestGateway;
  let upstreams: Record<"a" | "b", MockProvider>;
  let a: Tenant;
  let b: Tenant;

  async function loom(args: readonly string[], input?: string): Promise<unknown> {
    const { code, stdout, stderr } = await gateway.loom([...args, "--json"], input);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as unknown;
  }

  async function makeTenant(name: "a" | "b"): Promise<Tenant> {
    await loom(["tenant", "create", name]);
    const { key, prefix } = (await loom(["key", "create", "--tenant", name])) as { key: string; prefix: string };
    const base = ["provider", "set", "own", "--tenant", name, "--kind", "openai-compatible", "--api-key-stdin"];
    await loom([...base, "--base-url", `${upstreams[name].url}/v1`], `provider-key-of-${name}`);
    return { name, key, prefix };
  }

  beforeAll(async () => {
    upstreams = {
      a: await startMockProvider({ shape: "openai", port: 0 }),
      b: await startMockProvider({ shape: "openai", port: 0 }),
    };
    gateway = await startTestGateway();
    a = await makeTenant("a");
    b = await makeTenant("b");
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([upstreams.a.close(), upstreams.b.close()]);
  });

  function ask(key: string, model = "own/gpt-4o-mini"): Promise<Response> {
    return fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    });
  }

  test("reach their own provider with their own sealed credential, under the same provider name", async () => {
    expect((await ask(a.key)).status).toBe(200);
    expect((await ask(b.key)).status).toBe(200);
    expect(upstreams.a.received.map((seen) => seen.headers.authorization)).toEqual(["Bearer provider-key-of-a"]);
    expect(upstreams.b.received.map((seen) => seen.headers.authorization)).toEqual(["Bearer provider-key-of-b"]);
  });

  test("are recorded under their own tenant, whatever the client sends", async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${a.key}`,
        "content-type": "application/json",
        "x-loom-tenant-id": "b",
        "x-tenant-id": "b",
      },
      body: JSON.stringify({
        model: "own/gpt-4o-mini",
        messages: [],
        tenant: "b",
        tenant_id: "b",
        api_base: upstreams.b.url,
        base_url: upstreams.b.url,
      }),
    });
    await response.text();
    const before = upstreams.b.received.length;
    const trace = await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
    const { rows } = await gateway.pool.query<{ name: string }>("SELECT name FROM loom.tenants WHERE id = $1", [
      trace.tenant_id,
    ]);
    expect(rows[0]?.name).toBe("a");
    expect(upstreams.b.received.length).toBe(before);
  });

  test("cannot use or see a provider that only another tenant has", async () => {
    const url = `${upstreams.b.url}/v1`;
    await loom([
      "provider",
      "set",
      "only-b",
      "--tenant",
      "b",
      "--kind",
      "openai-compatible",
      "--auth",
      "none",
      "--base-url",
      url,
    ]);
    await sleep(200);
    expect((await ask(b.key, "only-b/gpt-4o-mini")).status).toBe(200);
    expect((await ask(a.key, "only-b/gpt-4o-mini")).status).toBe(404);
    const seen = async (key: string): Promise<string> =>
      (await fetch(`${gateway.url}/v1/models`, { headers: { "api-key": key } })).text();
    expect(await seen(b.key)).toContain("only-b/");
    expect(await seen(a.key)).not.toContain("only-b/");
  });

  test("never get the client's own key or Loom's headers sent upstream", () => {
    for (const { rawHeaders } of [...upstreams.a.received, ...upstreams.b.received]) {
      expect(JSON.stringify(rawHeaders)).not.toMatch(/sk-loom|x-loom|x-tenant|x-api-key/i);
    }
  });

  test("get a changed provider setting at once", async () => {
    const other = await startMockProvider({ shape: "openai", port: 0 });
    const base = ["provider", "set", "own", "--tenant", "b", "--kind", "openai-compatible", "--api-key-stdin"];
    await loom([...base, "--base-url", `${other.url}/v1`], "second-key-of-b");
    await sleep(300);
    expect((await ask(b.key)).status).toBe(200);
    expect(other.received.at(-1)?.headers.authorization).toBe("Bearer second-key-of-b");
    await other.close();
  });

  test("lose a revoked key within a second, and keep their others", async () => {
    const { key, prefix } = (await loom(["key", "create", "--tenant", "a"])) as { key: string; prefix: string };
    expect((await ask(key)).status).toBe(200);
    await loom(["key", "revoke", prefix]);
    const revokedAt = performance.now();
    let status = 200;
    while (status === 200 && performance.now() - revokedAt < 3000) status = (await ask(key)).status;
    expect(status).toBe(401);
    expect(performance.now() - revokedAt).toBeLessThan(1000);
    expect((await ask(a.key)).status).toBe(200);
  });

  test("get the same answer for an unknown, a revoked and an expired key", async () => {
    const { key, id } = (await loom(["key", "create", "--tenant", "a", "--expires", "1d"])) as {
      key: string;
      id: string;
    };
    await gateway.pool.query("UPDATE loom.api_keys SET expires_at = now() - interval '1 second' WHERE id = $1", [id]);
    const { key: revoked, prefix } = (await loom(["key", "create", "--tenant", "a"])) as {
      key: string;
      prefix: string;
    };
    await loom(["key", "revoke", prefix]);
    const unknown = `${a.key.slice(0, -4)}AAAA`;
    const answers = await Promise.all(
      [key, revoked, unknown].map(async (tried) => {
        const response = await ask(tried);
        return `${response.status} ${await response.text()}`;
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^401 .*"invalid_api_key"/);
  });

  test("have only ciphertext and hashes in the database", async () => {
    const { rows } = await gateway.pool.query<{ all: string }>(
      `SELECT string_agg(t::text, '') AS all FROM (SELECT k::text FROM loom.api_keys k UNION ALL SELECT p::text FROM loom.provider_configs p) AS t`,
    );
    const text = rows[0]?.all ?? "";
    for (const secret of [
      a.key,
      b.key,
      a.key.split("-").at(-1) ?? "",
      "provider-key-of-a",
      Buffer.from("provider-key-of-a").toString("hex"),
    ]) {
      expect(text).not.toContain(secret);
    }
  });
});
