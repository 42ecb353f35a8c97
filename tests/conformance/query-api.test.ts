// The query API over HTTP: every documented route is there and answers in its shape, keys see what they may, bodies
// leave a trace of their own, and long answers flow.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { type Operation, operations } from "../../src/query/operations.js";
import { errorShape } from "../../src/query/schema/account.js";
import { liveTracesShape } from "../../src/query/schema/live.js";
import { traceBodiesShape, traceListShape } from "../../src/query/schema/trace.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";

const needed: Readonly<Record<string, string>> = { readTop: "by=model", exportTraces: "format=jsonl" };
const prompt = "the-question-that-was-asked";

describeWithDatabase("the query API over HTTP", () => {
  let gateway: TestGateway;
  let reading: string;
  let other: string;
  let traceId: string;

  async function makeKey(...args: string[]): Promise<string> {
    const { stdout, stderr } = await gateway.loom(["key", "create", "--json", ...args]);
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as { key: string }).key;
  }
  const get = (path: string, key = gateway.key, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${key}`, ...headers } });
  const faultOf = async (response: Response) => errorShape.parse(await response.json()).error;

  async function ask(content: string, key = gateway.key): Promise<string> {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "x-loom-session-id": "=talk" },
      body: JSON.stringify({ model: "mock/gpt-4o-mini", messages: [{ role: "user", content }] }),
    });
    if (response.status !== 200) throw new Error(await response.text());
    await response.arrayBuffer();
    return response.headers.get("x-loom-trace-id") ?? "";
  }

  async function untilListed(id: string): Promise<void> {
    const deadline = Date.now() + 5000;
    while ((await get(`/v1/traces/${id}`)).status !== 200) {
      if (Date.now() > deadline) throw new Error(`${id} was never listed`);
      await sleep(20);
    }
  }

  beforeAll(async () => {
    gateway = await startTestGateway();
    reading = await makeKey("--tenant", "demo", "--scopes", "bodies:read");
    await gateway.loom(["tenant", "create", "other"]);
    other = await makeKey("--tenant", "other", "--scopes", "bodies:read");
    traceId = await ask(prompt);
    await untilListed(traceId);
  });
  afterAll(() => gateway.close());

  describe.each(operations.map((one): [string, Operation] => [one.id, one]))("%s", (id, operation) => {
    const query = needed[id] === undefined ? "" : `?${needed[id]}`;
    const path = () => operation.path.replace("{id}", traceId) + query;
    const isJson = operation.answers[200]?.content["application/json"] !== undefined;

    test("is served as documented", async () => {
      if (id === "tailTraces") return;
      const response = await get(path(), reading);
      expect(response.status).toBe(200);
      expect(Object.keys(operation.answers[200]?.content ?? {})).toContain(
        (response.headers.get("content-type") ?? "").split(";")[0],
      );
      const shape = operation.answers[200]?.content["application/json"];
      if (isJson && shape !== undefined) (shape as z.ZodType).parse(await response.json());
      else await response.arrayBuffer();
    });

    test("wants a key, GET, and no parameter that it does not know", async () => {
      const unkeyed = await fetch(`${gateway.url}${path()}`);
      expect([unkeyed.status, (await faultOf(unkeyed)).code]).toEqual([401, "missing_api_key"]);
      const posted = await fetch(`${gateway.url}${path()}`, { method: "POST", body: "{}" });
      expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      const odd = await get(`${path()}${query === "" ? "?" : "&"}surprise=1`, reading);
      expect([odd.status, (await faultOf(odd)).param]).toEqual([400, "surprise"]);
    });
  });

  test("sends long answers compressed to who takes that, and the same text plain to others", async () => {
    const path = "/v1/analytics/timeseries?window=24h&bucket=5m&to=2026-01-02T00:00:00Z";
    const packed = await get(path, gateway.key, { "accept-encoding": "br;q=1.0, gzip;q=0.8" });
    const plain = await get(path, gateway.key, { "accept-encoding": "gzip;q=0" });
    expect([packed.headers.get("content-encoding"), packed.headers.get("vary")]).toEqual(["gzip", "accept-encoding"]);
    expect(plain.headers.get("content-encoding")).toBeNull();
    const text = await packed.text();
    expect(text.length).toBeGreaterThan(16_384);
    expect(Number(packed.headers.get("content-length"))).toBeLessThan(text.length / 4);
    expect(await plain.text()).toBe(text);
    const short = await get("/v1/me", gateway.key, { "accept-encoding": "gzip" });
    expect(short.headers.get("content-encoding")).toBeNull();
    await short.arrayBuffer();
  });

  test("the document is served to everybody, and is the one in the repository", async () => {
    const served = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(served.paths)).toEqual(operations.map(({ path }) => path));
    const page = await fetch(`${gateway.url}/reference`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  });

  test("a fault in the filter is pointed at", async () => {
    const q = "status:200 modle:x";
    const error = await faultOf(await get(`/v1/traces?q=${encodeURIComponent(q)}`));
    expect(error).toMatchObject({ code: "invalid_filter", param: "q" });
    expect(q.slice(error.position?.start, error.position?.end)).toBe("modle");
  });

  test("another tenant sees none of it, by no way", async () => {
    for (const path of [`/v1/traces/${traceId}`, `/v1/traces/${traceId}/bodies`]) {
      expect((await get(path, other)).status).toBe(404);
    }
    expect(traceListShape.parse(await (await get("/v1/traces", other)).json()).data).toEqual([]);
    expect(await (await get("/v1/traces/export?format=jsonl", other)).text()).toBe("");
    expect(await (await get("/v1/analytics/summary", other)).json()).toMatchObject({ totalRequests: 0 });
  });

  describe("bodies", () => {
    const opened = async () =>
      (
        await gateway.pool.query<{ actor: string; subject: string; details: object }>(
          "SELECT actor, subject, details FROM loom.audit_events WHERE action = 'body.open' ORDER BY number",
        )
      ).rows;

    test("are refused to a key without the scope, which is named, and nothing is opened", async () => {
      const before = (await opened()).length;
      const response = await get(`/v1/traces/${traceId}/bodies`);
      expect(response.status).toBe(403);
      expect(await faultOf(response)).toMatchObject({
        code: "missing_scope",
        message: expect.stringContaining("bodies:read") as string,
      });
      expect(await opened()).toHaveLength(before);
    });

    test("open for a key with it, and leave an audit event", async () => {
      const before = (await opened()).length;
      const response = await get(`/v1/traces/${traceId}/bodies`, reading);
      const { request, response: answer } = traceBodiesShape.parse(await response.json());
      expect(JSON.parse(request?.text ?? "")).toMatchObject({ messages: [{ content: prompt }] });
      expect(JSON.parse(answer?.text ?? "")).toMatchObject({ object: "chat.completion" });
      const events = await opened();
      expect(events).toHaveLength(before + 1);
      expect(events.at(-1)).toMatchObject({ subject: traceId, actor: expect.stringMatching(/^key:/) as string });
    });

    test("are given in parts, as text and as bytes", async () => {
      const part = `/v1/traces/${traceId}/bodies?part=request`;
      const shown = traceBodiesShape.parse(await (await get(`${part}&offset=2&length=5`, reading)).json());
      expect(shown).toMatchObject({ request: { offset: 2, endOffset: 7, text: "model" }, response: null });
      const range = await get(part, reading, { range: "bytes=2-6" });
      expect([range.status, await range.text()]).toEqual([206, "model"]);
      expect(range.headers.get("content-range")).toMatch(/^bytes 2-6\/\d+$/);
      const tail = await get(`${part}&raw=true`, reading, { range: "bytes=-2" });
      expect(await tail.text()).toBe("]}");
      expect((await get(part, reading, { range: "bytes=999999-" })).status).toBe(416);
      const whole = await get(`${part}&raw=true`, reading);
      expect(whole.headers.get("content-type")).toBe("application/octet-stream");
      expect(whole.headers.get("content-disposition")).toMatch(/^attachment/);
      expect(JSON.parse(await whole.text())).toMatchObject({ messages: [{ content: prompt }] });
    });

    test("larger than one piece flow whole", async () => {
      const id = await ask("x".repeat(3_000_000));
      await untilListed(id);
      const whole = await (await get(`/v1/traces/${id}/bodies?part=request&raw=true`, reading)).text();
      expect(whole.length).toBeGreaterThan(3_000_000);
      expect(() => JSON.parse(whole) as unknown).not.toThrow();
    });
  });

  test("an export has exactly the filter and the columns asked for, and no formula", async () => {
    const csv = await (await get("/v1/traces/export?format=csv&columns=sessionId,model,id&q=outcome:complete")).text();
    const lines = csv.trimEnd().split("\r\n");
    expect(lines[0]).toBe("sessionId,model,id");
    expect(lines.at(-1)).toBe(`'=talk,mock/gpt-4o-mini,${traceId}`);
    const none = await get("/v1/traces/export?format=jsonl&q=outcome:refused");
    expect([none.status, await none.text()]).toEqual([200, ""]);
    expect((await get("/v1/traces/export?format=csv&columns=body")).status).toBe(400);
  });

  test("a live tail tells of exchanges as they end, and of no others", async () => {
    const leaving = new AbortController();
    const response = await fetch(`${gateway.url}/v1/traces/live?q=outcome:complete`, {
      headers: { authorization: `Bearer ${gateway.key}` },
      signal: leaving.signal,
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const id = await ask("live");
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes(id)) break;
    }
    leaving.abort();
    expect(text).toMatch(/^event: ready\ndata: \{"rowsPerSecondMax":20/);
    const sent = /event: traces\ndata: (.*)\n\n/.exec(text)?.[1] ?? "";
    const { data, leftOut } = liveTracesShape.parse(JSON.parse(sent));
    expect([data.map((trace) => trace.id), leftOut]).toEqual([[id], 0]);
  });

  test("a stop ends live tails at once instead of waiting for them", async () => {
    const open = await get("/v1/traces/live");
    const ended = open.text();
    const startedAt = Date.now();
    expect(await gateway.stop()).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5000);
    expect(await ended).toContain("event: ready");
  });
});
