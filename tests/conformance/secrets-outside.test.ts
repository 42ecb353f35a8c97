// Drives every path with marked secrets in keys, headers, bodies and URLs, and looks for them in all that leaves the
// gateway beside the answers themselves: log lines, spans, metrics, health and error replies.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.js";
import { sendRaw } from "../support/raw-http.js";

/** Each place has a mark of its own, so that a find names the place. */
const mark = (place: string) => `hushhush-${place}-5e1f`;
const anyMark = /hushhush-[a-z-]+-5e1f/g;

describeWithDatabase("no secret leaves the gateway", () => {
  let mock: MockProvider;
  let receiver: OtlpReceiver;
  let gateway: TestGateway;
  /** Texts of error replies that Loom itself made. */
  const replies: string[] = [];

  beforeAll(async () => {
    [mock, receiver] = await Promise.all([startMockProvider({ shape: "openai", port: 0 }), startOtlpReceiver()]);
    gateway = await startTestGateway({
      OPENAI_API_KEY: mark("provider-key"),
      OPENAI_BASE_URL: `${mock.url}/v1`,
      LOOM_DEFAULT_PROVIDER: "openai",
      LOOM_METRICS_TOKEN: mark("metrics-token"),
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
      OTEL_EXPORTER_OTLP_HEADERS: `x-key=${mark("collector-key")}`,
      OTEL_BSP_SCHEDULE_DELAY: "50",
      LOG_LEVEL: "trace",
      LOOM_LOG_FORMAT: "json",
    });
  });
  afterAll(async () => {
    await gateway?.close();
    await Promise.all([mock.close(), receiver.close()]);
  });

  const headers = (key: string) => ({
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    cookie: `session=${mark("cookie")}`,
    "x-forwarded-for": mark("forwarded"),
    "x-custom": mark("header"),
    "x-goog-api-key": mark("google-key"),
    "x-stainless-api-key": mark("stainless-key"),
    "proxy-authorization": `Basic ${mark("proxy-key")}`,
    baggage: `k=${mark("baggage")}`,
    "user-agent": mark("user-agent"),
    "openai-organization": mark("organization"),
  });
  const body = (more: object) =>
    JSON.stringify({
      messages: [
        { role: "system", content: mark("system") },
        { role: "user", content: mark("prompt") },
      ],
      user: mark("end-user"),
      metadata: { note: mark("metadata") },
      tools: [{ type: "function", function: { name: "f", description: mark("tool") } }],
      ...more,
    });

  async function send(path: string, init: RequestInit, isOwn: boolean): Promise<void> {
    const response = await fetch(`${gateway.url}${path}`, init).catch(() => null);
    const text = await response?.text().catch(() => "");
    if (isOwn && response !== null) replies.push(`${text} ${JSON.stringify([...response.headers])}`);
  }
  const chat = (content: string, isOwn: boolean, key = gateway.key) =>
    send("/v1/chat/completions", { method: "POST", headers: headers(key), body: content }, isOwn);

  test("by logs, spans, metrics, health or error replies, on any path", async () => {
    for (const model of ["gpt-4o-mini", "echo", "tools", "error-400", "error-401", "error-429", "error-500"])
      await chat(body({ model }), false);
    for (const model of ["stream", "cut", "error-event", "no-done", "end-early"])
      await chat(body({ model, stream: true }), false);
    await chat(body({ model: "cut-before" }), true);
    const leave = new AbortController();
    const leaving = fetch(`${gateway.url}/v1/chat/completions`, {
      ...{ method: "POST", headers: headers(gateway.key), body: body({ model: "timeout" }), signal: leave.signal },
    }).catch(() => null);
    await sleep(100);
    leave.abort();
    await leaving;
    // Refusals: of the key, the body, the model, the path, the method, the framing.
    await chat(body({ model: "gpt-4o" }), true, `sk-loom-${mark("client-key")}`);
    await chat(`{"model": "gpt-4o", "messages": [${mark("broken-json")}`, true);
    await chat(`${mark("no-json")}`, true);
    await chat(body({ model: 7 }), true);
    await chat(body({ model: "gpt-4o", stream: mark("stream-field") }), true);
    await chat(body({ model: "azure-openai/gpt-4o" }), true);
    await send(`/${mark("path")}?api_key=${mark("query")}`, { headers: headers(gateway.key) }, true);
    // These are forwarded, and a provider may say what it likes of its own path.
    await send(`/v1/${mark("path")}?api_key=${mark("query")}`, { headers: headers(gateway.key) }, false);
    await send(`/v1/chat/completions?key=${mark("query")}`, { method: "GET", headers: headers(gateway.key) }, false);
    await send("/metrics", { headers: { authorization: `Bearer ${mark("wrong-token")}` } }, true);
    await send(`/v1/models?key=${mark("query")}`, { headers: headers(`sk-loom-${mark("client-key")}`) }, true);
    for (const line of [`Transfer-Encoding: chunked`, `Content-Length: 5\r\nContent-Length: 6`, `Bad Name: x`]) {
      const head = `POST /v1/${mark("raw-path")} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${mark("raw-key")}\r\n`;
      replies.push((await sendRaw(gateway.url, [`${head}${line}\r\n\r\n`, mark("raw-body")], 200)).text);
    }

    const details = await gateway.pool.query<{ detail: string }>("SELECT detail::text FROM loom.traces");
    const metrics = await fetch(`${gateway.url}/metrics`, {
      headers: { authorization: `Bearer ${mark("metrics-token")}` },
    });
    expect(metrics.status).toBe(200);
    const exposition = await metrics.text();
    const readiness = await (await fetch(`${gateway.url}/readyz`)).text();
    await sleep(1500);
    await gateway.stop();
    const places = {
      logs: gateway.output(),
      spans: receiver.raw.map((bytes) => bytes.toString("latin1")).join("\n"),
      metrics: exposition,
      health: readiness,
      replies: replies.join("\n"),
    };
    // What is recorded in the clear has the one mark that is no secret to whoever may read the row.
    expect(details.rows.length).toBeGreaterThan(10);
    const recorded = new Set(details.rows.flatMap(({ detail }) => detail.match(anyMark) ?? []));
    expect([...recorded]).toEqual([mark("user-agent")]);
    expect(
      details.rows.filter(({ detail }) => detail.includes("content-type: application/json")).length,
    ).toBeGreaterThan(10);
    expect(receiver.spans.length).toBeGreaterThan(30);
    expect(places.logs.split('"msg":"exchange"').length).toBeGreaterThan(15);
    expect(replies.length).toBeGreaterThan(11);
    const found = Object.entries(places).map(([place, text]) => [place, [...new Set(text.match(anyMark) ?? [])]]);
    expect(Object.fromEntries(found)).toEqual({ logs: [], spans: [], metrics: [], health: [], replies: [] });
    // The key of the demo tenant is printed once, in the banner that a person asked for, and nowhere else.
    const afterBanner = places.logs.slice(places.logs.indexOf("  Try:"));
    const lines = afterBanner.split("\n").filter((line) => line.startsWith("{"));
    expect([...lines, places.spans, places.metrics, places.health].join("\n")).not.toContain(gateway.key);
  });
});
