// Spans as a collector sees them, for every outcome, provider and protocol: names, kinds, ids, parents, times,
// attributes and their types. The receiver decodes with the official protobuf definitions.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../support/otlp-receiver.js";
import { readTrace } from "../support/traces.js";

const callerTrace = "0af7651916cd43dd8448eb211c80319c";
const callerSpan = "b7ad6b7169203331";

describeWithDatabase("spans", () => {
  let openai: MockProvider;
  let azure: MockProvider;
  let receiver: OtlpReceiver;
  let gateway: TestGateway;

  beforeAll(async () => {
    [openai, azure, receiver] = await Promise.all([
      startMockProvider({ shape: "openai", port: 0 }),
      startMockProvider({ shape: "azure", port: 0 }),
      startOtlpReceiver(),
    ]);
    gateway = await startTestGateway({
      OPENAI_API_KEY: "sk-upstream",
      OPENAI_BASE_URL: `${openai.url}/v1`,
      AZURE_OPENAI_ENDPOINT: azure.url,
      AZURE_OPENAI_API_KEY: "az",
      AZURE_OPENAI_API_VERSION: "2024-10-21",
      LOOM_DEFAULT_PROVIDER: "openai",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
      OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=k1",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      OTEL_BSP_SCHEDULE_DELAY: "50",
    });
  });
  afterAll(async () => {
    await gateway?.close();
    await Promise.all([openai.close(), azure.close(), receiver.close()]);
  });

  function post(body: object, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json", ...headers },
      body: JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...body }),
      ...(signal !== undefined && { signal }),
    });
  }

  const traceIdOf = (response: Response) => (response.headers.get("x-loom-trace-id") ?? "").replaceAll("-", "");

  async function spansOf(response: Response, count: number): Promise<ReceivedSpan[]> {
    await response.text().catch(() => "");
    const found = await receiver.trace(traceIdOf(response), (spans) => spans.length >= count);
    expect(found).toHaveLength(count);
    return found;
  }

  test("are one server span, the operation below it, and the attempt below that", async () => {
    const before = Date.now();
    const response = await post({ model: "gpt-4o-mini", temperature: 0.5, max_tokens: 7, seed: 3, stop: ["x"] });
    const [server, operation, attempt] = (await spansOf(response, 3)) as [ReceivedSpan, ReceivedSpan, ReceivedSpan];
    const after = Date.now();
    expect([server, operation, attempt].map(({ name, kind }) => [name, kind])).toEqual([
      ["POST /v1/chat/completions", "SPAN_KIND_SERVER"],
      ["chat gpt-4o-mini", "SPAN_KIND_CLIENT"],
      ["POST", "SPAN_KIND_CLIENT"],
    ]);
    expect([server.parentSpanId, operation.parentSpanId, attempt.parentSpanId]).toEqual([
      "",
      server.spanId,
      operation.spanId,
    ]);
    const row = await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
    expect(row.trace_id).toBe(server.traceId);
    expect(server.spanId).toBe(row.id.replaceAll("-", "").slice(16));
    for (const span of [server, operation, attempt]) {
      expect(span.startMs).toBeGreaterThanOrEqual(before - 1);
      expect(span.endMs).toBeLessThanOrEqual(after + 1);
      expect(span.startMs).toBeGreaterThanOrEqual(server.startMs);
      expect(span.endMs).toBeLessThanOrEqual(server.endMs + 0.01);
      expect(span.status.code).toBe("STATUS_CODE_UNSET");
      expect(span.resource).toMatchObject({
        "service.name": "loom",
        "deployment.environment.name": "test",
        "telemetry.sdk.name": "opentelemetry",
      });
      expect(span.scope).toBe("loom");
    }
    expect(server.events.map(({ name }) => name)).toEqual([
      "loom.authenticated",
      "loom.admitted",
      "loom.first_byte",
      "loom.hand_off",
    ]);
    for (const { atMs } of server.events) {
      expect(atMs).toBeGreaterThanOrEqual(server.startMs);
      expect(atMs).toBeLessThanOrEqual(server.endMs + 0.01);
    }
    expect(receiver.headers[0]).toMatchObject({ "x-collector-key": "k1", path: "/v1/traces" });
  });

  test("carry the attributes of the conventions with the types of the conventions", async () => {
    const response = await post({ model: "gpt-4o-mini", temperature: 0.5, max_tokens: 7, seed: 3, stop: ["x"], n: 2 });
    const [server, operation, attempt] = (await spansOf(response, 3)) as [ReceivedSpan, ReceivedSpan, ReceivedSpan];
    const { port } = new URL(openai.url);
    expect(server.attributes).toMatchObject({
      "http.request.method": "POST",
      "http.route": "/v1/chat/completions",
      "url.path": "/v1/chat/completions",
      "url.scheme": "http",
      "http.response.status_code": 200,
      "loom.outcome": "complete",
      "loom.trace_id": response.headers.get("x-loom-trace-id"),
      "loom.attempts": 1,
    });
    expect(operation.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o-mini",
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.max_tokens": 7,
      "gen_ai.request.seed": 3,
      "gen_ai.request.stop_sequences": ["x"],
      "gen_ai.request.choice.count": 2,
      "gen_ai.response.finish_reasons": ["stop"],
      "server.address": "127.0.0.1",
      "server.port": Number(port),
    });
    expect(operation.attributes["gen_ai.response.model"]).toMatch(/^gpt-4o-mini/);
    expect(operation.attributes["gen_ai.response.id"]).toMatch(/^chatcmpl-/);
    expect(operation.attributes["loom.cost_usd"]).toBeGreaterThan(0);
    expect(attempt.attributes).toMatchObject({
      "http.request.method": "POST",
      "http.response.status_code": 200,
      "server.port": Number(port),
      "loom.provider": "openai",
    });
    expect({ ...server.types, ...operation.types, ...attempt.types }).toMatchObject({
      "http.response.status_code": "intValue",
      "server.port": "intValue",
      "loom.overhead_ms": "doubleValue",
      "loom.trace_id": "stringValue",
      "gen_ai.request.max_tokens": "intValue",
      "gen_ai.request.temperature": "doubleValue",
      "gen_ai.usage.input_tokens": "intValue",
      "gen_ai.usage.output_tokens": "intValue",
      "gen_ai.usage.cache_read.input_tokens": "intValue",
      "gen_ai.usage.reasoning.output_tokens": "intValue",
      "gen_ai.response.finish_reasons": "arrayValue",
      "loom.cost_usd": "doubleValue",
    });
    const keys = [server, operation, attempt].flatMap(({ attributes }) => Object.keys(attributes));
    expect(keys.filter((key) => /message|content|key$|authorization/.test(key))).toEqual([]);
  });

  test("name Azure and the built-in mock as what they are, and a stream with its first chunk", async () => {
    const [, viaAzure] = await spansOf(await post({ model: "azure-openai/gpt-4o" }), 3);
    expect(viaAzure?.attributes).toMatchObject({
      "gen_ai.provider.name": "azure.ai.openai",
      "gen_ai.request.model": "gpt-4o",
      "loom.provider": "azure-openai",
      "loom.model": "azure-openai/gpt-4o",
    });
    const [, streamed] = await spansOf(await post({ model: "mock/stream", stream: true }, { "x-session-id": "s1" }), 3);
    expect(streamed?.attributes).toMatchObject({
      "gen_ai.provider.name": "loom.mock",
      "gen_ai.request.stream": true,
      "gen_ai.conversation.id": "s1",
    });
    expect(streamed?.types["gen_ai.response.time_to_first_chunk"]).toBe("doubleValue");
  });

  test("go on with a caller's trace and keep its tracestate", async () => {
    const traceparent = `00-${callerTrace}-${callerSpan}-01`;
    const response = await post({ model: "gpt-4o" }, { traceparent, tracestate: "vendor=1", baggage: "k=v" });
    await response.text();
    const spans = await receiver.trace(callerTrace, (found) => found.length === 3);
    expect(spans[0]).toMatchObject({ parentSpanId: callerSpan, traceState: "vendor=1", kind: "SPAN_KIND_SERVER" });
    expect(spans[1]?.parentSpanId).toBe(spans[0]?.spanId);
    const sent = openai.received.at(-1)?.headers ?? {};
    expect([sent["traceparent"], sent["tracestate"], sent["baggage"]]).toEqual([undefined, undefined, undefined]);
  });

  describe("of what went wrong", () => {
    test("call a 4xx no error of the server, and an error of the client", async () => {
      const [server, operation, attempt] = await spansOf(await post({ model: "error-429" }), 3);
      expect([server?.status.code, operation?.status.code, attempt?.status.code]).toEqual([
        "STATUS_CODE_UNSET",
        "STATUS_CODE_ERROR",
        "STATUS_CODE_ERROR",
      ]);
      expect(server?.attributes).toMatchObject({ "http.response.status_code": 429, "loom.outcome": "error" });
      expect(server?.attributes["error.type"]).toBeUndefined();
      expect(operation?.attributes["error.type"]).toBe("429");
    });

    test("call a 5xx an error of both", async () => {
      const [server, operation] = await spansOf(await post({ model: "error-500" }), 3);
      expect([server?.status.code, operation?.status.code]).toEqual(["STATUS_CODE_ERROR", "STATUS_CODE_ERROR"]);
      expect(server?.attributes).toMatchObject({ "error.type": "provider_failed", "loom.error_domain": "provider" });
      expect(operation?.attributes["error.type"]).toBe("500");
    });

    test("show a refusal as one span without a provider", async () => {
      const [server] = await spansOf(await post({ model: 5 }), 1);
      expect(server?.attributes).toMatchObject({
        "http.response.status_code": 400,
        "loom.outcome": "refused",
        "loom.error_code": "invalid_request",
        "loom.error_domain": "caller",
      });
    });

    test("show a cut stream as truncated, and the answer's part as such", async () => {
      const [server, operation] = await spansOf(await post({ model: "cut", stream: true }), 3);
      expect(server).toMatchObject({
        status: { code: "STATUS_CODE_ERROR" },
        attributes: { "loom.outcome": "truncated", "error.type": "upstream_cut", "http.response.status_code": 200 },
      });
      expect(operation?.attributes["error.type"]).toBe("upstream_cut");
    });

    test("show a client that left as aborted, which is nobody's error", async () => {
      const leave = new AbortController();
      const response = await post({ model: "stream", stream: true }, {}, leave.signal);
      const reader = response.body?.getReader();
      await reader?.read();
      leave.abort();
      const spans = await receiver.trace(traceIdOf(response), (found) => found.length >= 1);
      const [server] = spans;
      expect(server).toMatchObject({
        status: { code: "STATUS_CODE_UNSET" },
        attributes: { "loom.outcome": "aborted", "loom.error_code": "client_gone" },
      });
    });
  });

  test("show each attempt of a fallback under one operation, with its number", async () => {
    await gateway.loom(["route", "set", "both", "openai/error-503", "azure-openai/gpt-4o", "--tenant", "demo"]);
    await sleep(300);
    const response = await post({ model: "both" });
    const spans = await spansOf(response, 4);
    const attempts = spans.filter(({ name }) => name === "POST");
    expect(new Set(attempts.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([spans[1]?.spanId]));
    expect(
      attempts.map(({ attributes }) => [
        attributes["loom.provider"],
        attributes["http.response.status_code"],
        attributes["http.request.resend_count"],
      ]),
    ).toEqual([
      ["openai", 503, undefined],
      ["azure-openai", 200, 1],
    ]);
    expect(spans[1]?.status.code).toBe("STATUS_CODE_UNSET");
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
  });
});

describeWithDatabase("spans over gRPC", () => {
  let receiver: OtlpReceiver;
  let gateway: TestGateway;

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    gateway = await startTestGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0",
      LOOM_OTEL_SLOW_MS: "300",
      LOOM_OTEL_CAPTURE_CONTENT: "true",
    });
  });
  afterAll(async () => {
    await gateway?.close();
    await receiver.close();
  });

  const post = (body: object, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, ...headers },
      body: JSON.stringify({ messages: [{ role: "user", content: "say it" }], ...body }),
    });

  test("come sampled: none by a ratio of 0, but errors and slow ones, and those that the caller follows", async () => {
    const plain = await post({ model: "mock/echo" });
    await plain.text();
    const failed = await post({ model: "mock/error-500" });
    const slow = await post({ model: "mock/slow-first-byte" });
    await Promise.all([failed.text(), slow.text()]);
    const followed = `00-${callerTrace}-${callerSpan}-01`;
    await (await post({ model: "mock/echo" }, { traceparent: followed })).text();
    const idOf = (response: Response) => (response.headers.get("x-loom-trace-id") ?? "").replaceAll("-", "");
    for (const id of [idOf(failed), idOf(slow), callerTrace]) {
      const found = await receiver.trace(id, (spans) => spans.length === 3);
      expect(found.map(({ kind }) => kind)).toEqual(["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_CLIENT"]);
    }
    expect(receiver.spans.filter(({ traceId }) => traceId === idOf(plain))).toEqual([]);
  });

  test("carry messages where the operator asked for them, cut to a bound and still JSON", async () => {
    const traceparent = `00-${"1".repeat(32)}-${callerSpan}-01`;
    const long = "x".repeat(40_000);
    await (await post({ model: "mock/echo", messages: [{ role: "user", content: long }] }, { traceparent })).text();
    const [, operation] = await receiver.trace("1".repeat(32), (spans) => spans.length === 3);
    const [asked] = JSON.parse(String(operation?.attributes["gen_ai.input.messages"])) as [
      { role: string; parts: [{ type: string; content: string }] },
    ];
    expect(asked.role).toBe("user");
    expect(asked.parts[0].content).toBe("x".repeat(16_384));
    expect(operation?.attributes["loom.content_truncated"]).toBe(true);
    expect(String(operation?.attributes["gen_ai.output.messages"])).toContain('"role":"assistant"');
  });
});
