// The erasure of a tenant on a running gateway with its own PostgreSQL: afterwards no byte of its salt is in any file,
// its keys are refused, its bodies cannot be opened, and rows, totals and the other tenants are as they were.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KeyRing } from "../../../workers/seal/key-ring.js";
import { openBody } from "../../../workers/seal/open.js";
import { describeWithEmbedded } from "../../support/database.js";
import { type EmbeddedGateway, findBytes, startEmbeddedGateway } from "../../support/embedded-gateway.js";

type Trace = {
  readonly id: string;
  readonly created_at: Date;
  readonly node_id: string;
  readonly request_iv: Buffer;
  readonly request_body: Buffer;
  readonly body_codec: "identity" | "deflate";
  readonly encryption_key_version: number;
};

describeWithEmbedded("the erasure of a tenant", () => {
  let gateway: EmbeddedGateway;
  let acme: { id: string; key: string; salt: Buffer } = { id: "", key: "", salt: Buffer.alloc(0) };

  beforeAll(async () => {
    gateway = await startEmbeddedGateway();
    await gateway.loom(["tenant", "create", "acme"]);
    const made = await gateway.loom(["key", "create", "--tenant", "acme", "--json"]);
    await gateway.loom(["provider", "set", "openai", "--tenant", "acme", "--api-key", "sk-theirs"]);
    const [row] = await gateway.query<{ id: string; key_salt: Buffer }>(
      "SELECT id, key_salt FROM loom.tenants WHERE name = 'acme'",
    );
    acme = { id: row?.id ?? "", salt: row?.key_salt ?? Buffer.alloc(0), key: JSON.parse(made.stdout).key };
    expect(acme.salt).toHaveLength(32);
  });
  afterAll(() => gateway.close());

  async function ask(key: string): Promise<number> {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "mock/echo", messages: [{ role: "user", content: "hello" }] }),
    });
    await response.text();
    return response.status;
  }

  const findSalt = () =>
    findBytes(gateway.folders, {
      bytes: acme.salt,
      base64: Buffer.from(acme.salt.toString("base64")),
      hex: Buffer.from(acme.salt.toString("hex")),
    });

  const tracesOf = (tenant: string) =>
    gateway.query<Trace>("SELECT * FROM loom.traces WHERE tenant_id = $1 ORDER BY seq", [tenant]);

  function open(trace: Trace, salt: Buffer): string {
    const { id, node_id: nodeId, body_codec: codec, encryption_key_version: keyVersion } = trace;
    const ring = new KeyRing(readFileSync(join(gateway.home, "master-keys"), "utf8").trim());
    const subject = { tenantId: acme.id, keySalt: salt.toString("base64"), createdAtMs: trace.created_at.getTime() };
    const row = { ...subject, id, nodeId, codec, keyVersion, column: "request_body" } as const;
    return openBody(ring, { ...row, iv: trace.request_iv, sealed: trace.request_body }, 1e6).toString();
  }

  test("leaves no byte of the salt in any file, and everything else as it was", async () => {
    for (let round = 0; round < 10; round += 1) expect(await ask(acme.key)).toBe(200);
    for (let round = 0; round < 5; round += 1) expect(await ask(gateway.key)).toBe(200);
    await expect.poll(async () => (await tracesOf(acme.id)).length).toBe(10);
    // Whatever would make copies of a row: statistics, a full page in the log, several generations of the row.
    await gateway.query("ANALYZE loom.tenants");
    await gateway.query("CHECKPOINT");
    await gateway.query("UPDATE loom.tenants SET default_provider = 'openai' WHERE name = 'acme'");
    await gateway.query("CHECKPOINT");
    await gateway.query("UPDATE loom.tenants SET default_provider = NULL WHERE name = 'acme'");
    await gateway.query("SELECT pg_switch_wal()");
    await gateway.query("CHECKPOINT");
    const before = findSalt();
    expect(before.some((hit) => hit.includes("/pg_wal/"))).toBe(true);
    expect(before.some((hit) => hit.includes("/base/"))).toBe(true);
    const [trace] = await tracesOf(acme.id);
    expect(open(trace as Trace, acme.salt)).toContain("hello");
    const totals = "SELECT tenant_id, sum(requests)::int AS requests FROM loom.usage_rollups GROUP BY 1 ORDER BY 1";
    const totalsBefore = await gateway.query(totals);

    // Traffic of both goes on while it is erased.
    const states: number[] = [];
    let going = true;
    const others = (async () => {
      while (going) {
        states.push(await ask(gateway.key));
        await ask(acme.key);
      }
    })();
    const erased = await gateway.loom(["tenant", "erase", "acme", "--yes"]);
    expect(erased).toMatchObject({ code: 0, stderr: "" });
    expect(erased.stdout).toMatch(/acme is erased.*Keys revoked: 1; provider keys removed: 1/);
    await sleep(1000);
    going = false;
    await others;

    expect(findSalt()).toEqual([]);
    expect(new Set(states)).toEqual(new Set([200]));
    expect(await ask(acme.key)).toBe(401);
    const rows = await tracesOf(acme.id);
    expect(rows.length).toBeGreaterThanOrEqual(10);
    expect(rows[0]?.request_body).toEqual(trace?.request_body);
    expect(() => open(rows[0] as Trace, Buffer.alloc(32))).toThrow(/cannot be opened/);
    expect(
      await gateway.query("SELECT key_salt, erased_at IS NOT NULL AS erased FROM loom.tenants WHERE name = 'acme'"),
    ).toEqual([{ key_salt: null, erased: true }]);
    expect(
      await gateway.query("SELECT credentials FROM loom.provider_configs WHERE tenant_id = $1", [acme.id]),
    ).toEqual([{ credentials: null }]);
    const after = await gateway.query<{ tenant_id: string; requests: number }>(totals);
    for (const total of totalsBefore as { tenant_id: string; requests: number }[]) {
      const now = after.find((each) => each.tenant_id === total.tenant_id)?.requests ?? 0;
      expect(now).toBeGreaterThanOrEqual(total.requests);
    }
    expect(await gateway.query("SELECT subject, details FROM loom.audit_events WHERE action = 'tenant.erase'")).toEqual(
      [{ subject: "acme", details: { keysRevoked: 1, credentialsRemoved: 1 } }],
    );
    expect(gateway.output()).not.toContain("lane_crashed");
  });

  test("is for ever: a salt cannot be brought back, nothing can be sealed, and a second run says so", async () => {
    await expect(
      gateway.query("UPDATE loom.tenants SET key_salt = $1 WHERE name = 'acme'", [Buffer.alloc(32)]),
    ).rejects.toThrow(/was erased/);
    expect((await gateway.loom(["provider", "set", "openai", "--tenant", "acme", "--api-key", "k"])).stderr).toMatch(
      /were erased/,
    );
    expect((await gateway.loom(["key", "create", "--tenant", "acme"])).stderr).toMatch(/was erased/);
    const again = await gateway.loom(["tenant", "erase", "acme", "--yes"]);
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/was erased before/)]);
    expect((await gateway.loom(["tenant", "list"])).stdout).toMatch(/acme .* \d{4}-\d\d-\d\d[^ ]*/);
  });

  test("waits for whoever may still read the old row, and names him when he does not end", {
    timeout: 60_000,
  }, async () => {
    await gateway.loom(["tenant", "create", "held"]);
    const [row] = await gateway.query<{ key_salt: Buffer }>("SELECT key_salt FROM loom.tenants WHERE name = 'held'");
    acme = { ...acme, salt: row?.key_salt ?? acme.salt };
    const reader = new pg.Client({ connectionString: gateway.databaseUrl, application_name: "a long report" });
    await reader.connect();
    await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM loom.traces");
    const erased = await gateway.loom(["tenant", "erase", "held", "--yes", "--wait", "1"]);
    expect(erased.stderr).toMatch(/Left: The old version of the row.*a long report; erase again/);
    expect(findSalt()).not.toEqual([]);
    await reader.query("COMMIT");
    await reader.end();
    expect(await gateway.loom(["tenant", "erase", "held", "--yes"])).toMatchObject({ code: 0, stderr: "" });
    expect(findSalt()).toEqual([]);
  });

  test("needs a yes, a tenant, and no legal hold", async () => {
    expect(await gateway.loom(["tenant", "erase", "demo"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--yes/),
    });
    expect((await gateway.loom(["tenant", "erase", "nobody", "--yes"])).stderr).toMatch(/no tenant "nobody"/);
    await gateway.query(
      "INSERT INTO loom.legal_holds (tenant_id, placed_by) SELECT id, 'test' FROM loom.tenants WHERE name = 'demo'",
    );
    expect((await gateway.loom(["tenant", "erase", "demo", "--yes"])).stderr).toMatch(/under legal hold/);
    expect(await ask(gateway.key)).toBe(200);
  });
});
