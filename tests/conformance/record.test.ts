// What lies in Postgres after real exchanges: ciphertext only, bodies that open to exactly what crossed the wire,
// rollups that agree with the rows, and nothing lost or doubled while the database is away.

import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import type { TraceDetail } from "../../src/query/schema/trace.js";
import { KeyRing } from "../../workers/seal/key-ring.js";
import { openBody } from "../../workers/seal/open.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { readMasterKeys, readTrace, type TraceRow } from "../support/traces.js";

const marker = "the-quick-brown-marker-8c1f";

describeWithDatabase("the record", () => {
  let mock: MockProvider;
  let gateway: TestGateway;

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0 });
    gateway = await startTestGateway({
      OPENAI_API_KEY: "sk-upstream",
      OPENAI_BASE_URL: `${mock.url}/v1`,
      LOOM_JAEGER_URL: "http://localhost:16686/",
    });
  });
  afterAll(async () => {
    await gateway.close();
    await mock.close();
  });

  function post(body: object | string): Promise<Response> {
    return fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  async function openTrace(trace: TraceRow): Promise<{ request: string; response: string }> {
    const { rows } = await gateway.pool.query<{ key_salt: Buffer }>("SELECT key_salt FROM loom.tenants WHERE id = $1", [
      trace.tenant_id,
    ]);
    const ring = new KeyRing(readMasterKeys(gateway.home));
    const keySalt = rows[0]?.key_salt.toString("base64") ?? "";
    const open = (column: "request_body" | "response_body", iv: Buffer | null): string => {
      const subject = {
        tenantId: trace.tenant_id,
        keySalt,
        createdAtMs: trace.created_at.getTime(),
        nodeId: trace.node_id,
        id: trace.id,
        column,
        codec: trace.body_codec as "identity" | "deflate",
        keyVersion: trace.encryption_key_version,
      };
      return openBody(
        ring,
        { ...subject, iv: iv ?? Buffer.alloc(0), sealed: trace[column] ?? Buffer.alloc(0) },
        1e8,
      ).toString();
    };
    return { request: open("request_body", trace.request_iv), response: open("response_body", trace.response_iv) };
  }

  test("opens to exactly the bytes that the client sent and the provider answered", async () => {
    const body = `{ "model":"mock/echo", "seed":12345678901234567890, "messages":[{"role":"user","content":"${marker} \\u00e9 \\ud83d \u{1f600}"}] }`;
    const response = await post(body);
    const text = await response.text();
    expect(await openTrace(await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? ""))).toEqual({
      request: body,
      response: text,
    });
  });

  test("keeps the provider's stream whole, the usage chunk included that the client did not see", async () => {
    const response = await post({ model: "gpt-4o-mini", stream: true, messages: [{ role: "user", content: marker }] });
    const text = await response.text();
    const opened = await openTrace(await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? ""));
    expect(opened.response).toContain('"choices":[]');
    expect(opened.response.replace(/data: \{[^\n]*"choices":\[\][^\n]*\n\n/, "")).toBe(text);
  });

  test("tells where the time went, when the stream came, what the cost is made of, and who asked", async () => {
    const ask = async (path: string) => {
      const response = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${gateway.key}` } });
      return response.json();
    };
    for (const stream of [false, true]) {
      const response = await post({ model: "gpt-4o-mini", stream, messages: [{ role: "user", content: marker }] });
      await response.text();
      const id = response.headers.get("x-loom-trace-id") ?? "";
      const row = await readTrace(gateway.pool, id);
      const trace = (await ask(`/v1/traces/${id}`)) as TraceDetail;
      expect(trace.attemptList).toMatchObject([
        { provider: "openai", kind: "openai", model: "gpt-4o-mini", status: 200, errorCode: null },
      ]);
      const [attempt] = trace.attemptList ?? [];
      const { authenticatedMs, admittedMs } = trace.phases ?? { authenticatedMs: null, admittedMs: null };
      const moments = [0, authenticatedMs ?? -1, admittedMs ?? -1, attempt?.startedMs ?? -1, trace.ttfbMs ?? -1];
      expect(moments).toEqual(moments.toSorted((left, right) => left - right));
      expect(attempt?.endedMs).toBeLessThanOrEqual(trace.latencyMs + 0.001);
      expect(trace.userAgent).toBe("node");
      expect(trace.requestHeaders).toContainEqual({ name: "content-type", value: "application/json" });
      expect(trace.answerHeaders?.map(({ name }) => name)).toContain("x-ratelimit-remaining-requests");
      const sum = trace.costLines?.reduce((costUsd, line) => costUsd + line.costUSD, 0) ?? 0;
      expect(sum.toFixed(10)).toBe(row.estimated_cost_usd);
      if (!stream) expect(trace.streamTimes).toBeNull();
      else {
        expect(trace.streamTimes?.every).toBe(1);
        expect(trace.streamTimes?.bytes.at(-1)).toBe(Number(row.response_bytes));
        expect(trace.streamTimes?.ms[0]).toBeCloseTo(trace.ttfbMs ?? 0, 0);
      }
    }
    const long = { model: "mock/stream", stream: true, mock: { tokens: 600, tokens_per_second: 1000 } };
    const response = await post({ ...long, messages: [] });
    await response.text();
    const id = response.headers.get("x-loom-trace-id") ?? "";
    await readTrace(gateway.pool, id);
    const { streamTimes } = (await ask(`/v1/traces/${id}`)) as TraceDetail;
    expect(streamTimes?.every).toBeGreaterThan(1);
    expect(streamTimes?.ms.length).toBeLessThanOrEqual(64);
    expect((streamTimes?.ms.at(-1) ?? 0) - (streamTimes?.ms[0] ?? 0)).toBeGreaterThan(400);
    expect(await ask("/v1/me")).toMatchObject({ jaegerUrl: "http://localhost:16686" });
  });

  test("keeps bodies of megabytes whole", async () => {
    const content = `${marker} ${"x".repeat(5_000_000)}`;
    const response = await post({ model: "mock/echo", messages: [{ role: "user", content }] });
    const text = await response.text();
    const trace = await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "", 15_000);
    expect(trace.body_codec).toBe("deflate");
    expect((await openTrace(trace)).response).toBe(text);
  });

  test("shows no plaintext to raw SQL, and equal prompts look different", async () => {
    const ids: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const response = await post({ model: "mock/echo", messages: [{ role: "user", content: marker }] });
      await response.text();
      ids.push(response.headers.get("x-loom-trace-id") ?? "");
    }
    const [one, two] = await Promise.all(ids.map((id) => readTrace(gateway.pool, id)));
    expect(one?.request_body?.equals(two?.request_body ?? Buffer.alloc(0))).toBe(false);
    const { rows: tables } = await gateway.pool.query<{ name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'loom'",
    );
    const needles = [marker, Buffer.from(marker).toString("hex")];
    for (const { name } of tables) {
      const { rows } = await gateway.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`);
      for (const { row } of rows) for (const needle of needles) expect(row.includes(needle), name).toBe(false);
    }
  });

  test("has rollups that agree with its rows", async () => {
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        (await post({ model: index % 2 ? "gpt-4o-mini" : "error-500", messages: [] })).text(),
      ),
    );
    await sleep(500);
    const { rows } = await gateway.pool.query<Record<string, string>>(`
      SELECT (SELECT sum(requests) FROM loom.usage_rollups) AS rolled, (SELECT count(*) FROM loom.traces) AS counted,
             (SELECT sum(total_tokens) FROM loom.usage_rollups) AS rolled_tokens, (SELECT sum(total_tokens) FROM loom.traces) AS counted_tokens,
             (SELECT sum(cost_usd) FROM loom.usage_rollups) AS rolled_cost, (SELECT sum(estimated_cost_usd) FROM loom.traces) AS counted_cost,
             (SELECT sum(errors) FROM loom.usage_rollups) AS rolled_errors, (SELECT count(*) FROM loom.traces WHERE outcome = 'error') AS counted_errors`);
    const [sums] = rows;
    expect(sums?.rolled).toBe(sums?.counted);
    expect(sums?.rolled_tokens).toBe(sums?.counted_tokens);
    expect(Number(sums?.rolled_cost)).toBeCloseTo(Number(sums?.counted_cost), 10);
    expect(sums?.rolled_errors).toBe(sums?.counted_errors);
  });

  test("has one row for each of 2,000 exchanges, numbered without a gap", async () => {
    const before = await gateway.pool.query<{ count: string }>("SELECT count(*) FROM loom.traces");
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 100 }, async () => (await post({ model: "gpt-4o-mini", messages: [] })).text()),
      );
    }
    await sleep(500);
    const { rows } = await gateway.pool.query<{ count: string; last: string; numbers: string }>(
      "SELECT count(*), max(seq) AS last, count(DISTINCT seq) AS numbers FROM loom.traces",
    );
    expect(Number(rows[0]?.count) - Number(before.rows[0]?.count)).toBe(2000);
    expect(rows[0]?.last).toBe(rows[0]?.count);
    expect(rows[0]?.numbers).toBe(rows[0]?.count);
  });

  test("loses and doubles nothing while Postgres is away, during which known keys go on and unknown ones get 503", async () => {
    const database = inject("database");
    if (database.kind === "off") throw new Error(database.reason);
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    const made = await gateway.loom(["key", "create", "--tenant", "demo", "--json"]);
    const { key: fresh } = JSON.parse(made.stdout) as { key: string };
    const ids: string[] = [];
    const ask = async (): Promise<void> => {
      const response = await post({ model: "gpt-4o-mini", messages: [] });
      expect(response.status).toBe(200);
      await response.text();
      ids.push(response.headers.get("x-loom-trace-id") ?? "");
    };
    await ask();
    try {
      await admin.query(`ALTER DATABASE ${gateway.database.name} ALLOW_CONNECTIONS false`);
      await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [
        gateway.database.name,
      ]);
      for (let round = 0; round < 100; round += 1) await ask();
      await sleep(300);
      const response = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${fresh}` } });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { code: "auth_unavailable" } });
      const ready = await fetch(`${gateway.url}/readyz`);
      expect(await ready.json()).toMatchObject({ status: "degraded", checks: { database: "away" } });
    } finally {
      await admin.query(`ALTER DATABASE ${gateway.database.name} ALLOW_CONNECTIONS true`);
      await admin.end();
    }
    const pool = gateway.database.pool(1);
    for (const id of ids) await readTrace(pool, id, 15_000);
    const { rows } = await pool.query<{ count: string }>("SELECT count(*) FROM loom.traces WHERE id = ANY($1)", [ids]);
    expect(Number(rows[0]?.count)).toBe(ids.length);
    expect(gateway.output()).toContain("database_away");
    expect(gateway.output()).not.toContain("traces_lost");
  });
});
