// What each way of ending leaves in the record, and what the client sees of it. Sockets are real; only the
// provider is a mock, which speaks the real wire format, faults included.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { readTrace, type TraceRow } from "../support/traces.js";

describeWithDatabase("the outcome of an exchange", () => {
  let mock: MockProvider;
  let gateway: TestGateway;

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0 });
    gateway = await startTestGateway({
      OPENAI_API_KEY: "sk-upstream",
      OPENAI_BASE_URL: `${mock.url}/v1`,
      LOOM_CONFIG: "",
    });
  });
  afterAll(async () => {
    await gateway.close();
    await mock.close();
  });

  function post(body: object, signal?: AbortSignal): Promise<Response> {
    return fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...body }),
      ...(signal !== undefined && { signal }),
    });
  }

  async function traceOf(response: Response): Promise<TraceRow> {
    return readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
  }

  async function newestTrace(model: string): Promise<TraceRow> {
    const deadline = Date.now() + 5000;
    for (;;) {
      const { rows } = await gateway.pool.query<TraceRow>(
        "SELECT * FROM loom.traces WHERE model = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
        [model],
      );
      if (rows[0] !== undefined) return rows[0];
      if (Date.now() > deadline) throw new Error(`no trace of ${model}`);
      await sleep(20);
    }
  }

  test("is complete for a plain answer, with tokens, cost, times and sizes", async () => {
    const response = await post({ model: "gpt-4o-mini", user: "u-1" });
    const text = await response.text();
    const trace = await traceOf(response);
    expect(trace).toMatchObject({
      outcome: "complete",
      status_code: 200,
      error_code: null,
      provider: "openai",
      model: "gpt-4o-mini",
      finish_reason: "stop",
      streamed: false,
      attempts: 1,
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      cached_tokens: 0,
      reasoning_tokens: 0,
      usage_source: "provider",
      end_user: "u-1",
    });
    // gpt-4o-mini: 0.15 and 0.60 USD for a million tokens.
    expect(Number(trace.estimated_cost_usd)).toBeCloseTo((10 * 0.15 + 5 * 0.6) / 1e6, 10);
    expect(trace.price_version).toMatch(/^genai-prices /);
    expect(Number(trace.response_bytes)).toBe(Buffer.byteLength(text));
    expect(trace.latency_ms).toBeGreaterThan(trace.gateway_overhead_ms);
    expect(trace.ttfb_ms).toBeGreaterThan(0);
  });

  test("is complete for a stream, whose usage is known although the client did not ask for it", async () => {
    const response = await post({ model: "gpt-4o-mini", stream: true });
    const text = await response.text();
    expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    expect(text).not.toContain('"choices":[]');
    expect(await traceOf(response)).toMatchObject({
      outcome: "complete",
      streamed: true,
      total_tokens: 15,
      usage_source: "provider",
    });
  });

  test("is complete for a client that closes right after [DONE]", async () => {
    const { port } = new URL(gateway.url);
    const body = JSON.stringify({ model: "no-usage", stream: true, messages: [], mock: { chunk_delay_ms: 1 } });
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write(
          `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.key}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
      });
      let seen = "";
      socket.on("data", (bytes) => {
        seen += bytes.toString();
        if (!seen.includes("[DONE]")) return;
        socket.destroy();
        resolve();
      });
      socket.on("error", reject);
    });
    expect(await newestTrace("no-usage")).toMatchObject({
      outcome: "complete",
      usage_source: "none",
      total_tokens: null,
    });
  });

  test("is complete for a stream that says it has finished and ends without [DONE]", async () => {
    const response = await post({ model: "no-done", stream: true });
    const text = await response.text();
    expect(text).toContain('"finish_reason":"stop"');
    expect((await traceOf(response)).outcome).toBe("complete");
  });

  test.each([
    ["error-429", 429, "provider_rate_limited"],
    ["error-400", 400, "provider_refused"],
    ["error-500", 500, "provider_failed"],
  ])("is error for the provider's %s, whose body passes unchanged", async (model, status, code) => {
    const response = await post({ model });
    expect(response.status).toBe(status);
    const text = await response.text();
    const direct = await fetch(`${mock.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer x", "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    });
    expect(text).toBe(await direct.text());
    expect(await traceOf(response)).toMatchObject({
      outcome: "error",
      status_code: status,
      error_code: code,
      usage_source: "none",
      estimated_cost_usd: null,
    });
  });

  test("is error when the provider breaks off before any byte, and the client gets 502", async () => {
    const response = await post({ model: "cut-before" });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: "upstream_cut" } });
    expect(await traceOf(response)).toMatchObject({
      outcome: "error",
      error_code: "upstream_cut",
      response_bytes: "0",
    });
  });

  test("is truncated when a plain answer is cut, and the client gets 502 instead of half a body", async () => {
    const response = await post({ model: "cut" });
    expect(response.status).toBe(502);
    const trace = await traceOf(response);
    expect(trace).toMatchObject({ outcome: "truncated", error_code: "upstream_cut" });
    expect(Number(trace.response_bytes)).toBeGreaterThan(0);
  });

  test("is truncated when a stream is cut: an error event, no [DONE], no clean end", async () => {
    const response = await post({ model: "cut", stream: true });
    let text = "";
    const decoder = new TextDecoder();
    const reading = (async () => {
      for await (const bytes of response.body ?? []) text += decoder.decode(bytes as Uint8Array, { stream: true });
    })();
    await expect(reading).rejects.toThrow();
    expect(text).toContain('"code":"upstream_cut"');
    expect(text).not.toContain("[DONE]");
    expect(await traceOf(response)).toMatchObject({ outcome: "truncated", finish_reason: null, status_code: 200 });
  });

  test("is truncated when a stream ends cleanly without having finished", async () => {
    const response = await post({ model: "end-early", stream: true });
    await expect(response.text()).rejects.toThrow();
    expect((await traceOf(response)).outcome).toBe("truncated");
  });

  test("is error for an error event in a stream, which passes unchanged", async () => {
    const response = await post({ model: "error-event", stream: true });
    const direct = await fetch(`${mock.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "error-event",
        stream: true,
        messages: [{ role: "user", content: "hi" }],
        stream_options: { include_usage: true },
      }),
    });
    expect(await response.text()).toBe(await direct.text());
    expect(await traceOf(response)).toMatchObject({ outcome: "error", finish_reason: null, usage_source: "none" });
  });

  test("is aborted for a client that leaves before the first byte", async () => {
    const abort = new AbortController();
    const request = post({ model: "slow-first-byte", mock: { delay_ms: 3000 } }, abort.signal);
    await sleep(300);
    abort.abort();
    await expect(request).rejects.toThrow();
    expect(await newestTrace("slow-first-byte")).toMatchObject({
      outcome: "aborted",
      status_code: 499,
      error_code: "client_gone",
      ttfb_ms: null,
    });
    expect(mock.received.at(-1)?.outcome).toBe("client-gone");
  });

  test.each([
    ["bad JSON", "{", 400, "invalid_json"],
    ["no model", "{}", 400, "invalid_request"],
    ["an unknown provider", '{"model":"azure-openai/x"}', 400, "provider_not_configured"],
  ])("is refused for %s, with a clear error, and recorded", async (_name, body, status, code) => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code, type: "invalid_request_error" } });
    expect(await traceOf(response)).toMatchObject({
      outcome: "refused",
      status_code: status,
      error_code: code,
      provider: null,
      attempts: 0,
    });
  });

  test("keeps session, user and tags from headers", async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "x-api-key": gateway.key,
        "content-type": "application/json",
        "x-session-id": "s-1",
        "x-loom-tags": "alpha, beta,alpha",
        "x-request-id": "mine-1",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      },
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [], safety_identifier: "u-2" }),
    });
    expect(response.headers.get("x-request-id")).toBe("mine-1");
    await response.text();
    expect(await traceOf(response)).toMatchObject({
      session_id: "s-1",
      end_user: "u-2",
      tags: ["alpha", "beta"],
      request_id: "mine-1",
      trace_id: "0af7651916cd43dd8448eb211c80319c",
    });
  });
});
