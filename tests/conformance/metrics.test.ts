// /metrics of a running gateway: every name of the table, true counts, a bounded number of lines, its token; and what
// becomes of spans when the collector is slow, away, or refuses.
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { type MetricName, metricTable } from "../../src/report/metric-table.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.js";

async function readMetrics(url: string, headers: Record<string, string> = {}): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

/** The sum of a family over all its labels. */
function sum(metrics: ReadonlyMap<string, number>, name: string): number {
  return [...metrics].reduce(
    (all, [key, value]) => (key === name || key.startsWith(`${name}{`) ? all + value : all),
    0,
  );
}

async function until(read: () => Promise<boolean>, timeoutMs = 8000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await read())) {
    if (Date.now() > deadline) throw new Error("it did not come to that in time");
    await sleep(50);
  }
}

function post(gateway: TestGateway, body: object): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}` },
    body: JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...body }),
  });
}

async function postAll(gateway: TestGateway, bodies: readonly object[]): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      await (await post(gateway, body)).arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

describeWithDatabase("/metrics", () => {
  let mock: MockProvider;
  let gateway: TestGateway;

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0 });
    gateway = await startTestGateway({
      OPENAI_API_KEY: "sk-upstream",
      OPENAI_BASE_URL: `${mock.url}/v1`,
      LOOM_LANES: "2",
      LOG_LEVEL: "error",
    });
  });
  afterAll(async () => {
    await gateway.close();
    await mock.close();
  });

  test("counts exchanges, tokens and times over all lanes, and what was refused before any lane", async () => {
    await postAll(
      gateway,
      [
        ...Array.from({ length: 20 }, () => ({ model: "gpt-4o-mini" })),
        ...Array.from({ length: 5 }, () => ({ model: "gpt-4o-mini", stream: true })),
        { model: "error-500" },
        { model: "cut", stream: true },
      ].map((body) => body),
    ).catch(() => {});
    await fetch(`${gateway.url}/v1/models`, { headers: { authorization: "Bearer sk-unknown" } });
    await until(async () => sum(await readMetrics(gateway.url), "loom_exchanges_total") >= 28);
    const metrics = await readMetrics(gateway.url);
    expect(metrics.get('loom_exchanges_total{outcome="complete",domain="none"}')).toBe(25);
    expect(metrics.get('loom_exchanges_total{outcome="refused",code="invalid_api_key",domain="caller"}')).toBe(1);
    expect(metrics.get('loom_exchanges_total{outcome="error",code="provider_failed",domain="provider"}')).toBe(1);
    expect(metrics.get('loom_exchanges_total{outcome="truncated",code="upstream_cut",domain="provider"}')).toBe(1);
    const operation = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o-mini"';
    expect(metrics.get(`gen_ai_client_operation_duration_seconds_count{${operation}}`)).toBe(25);
    expect(metrics.get(`gen_ai_client_operation_time_to_first_chunk_seconds_count{${operation}}`)).toBe(5);
    expect(metrics.get(`gen_ai_client_token_usage_count{${operation},gen_ai_token_type="output"}`)).toBe(25);
    expect(metrics.get("loom_exchanges_in_flight")).toBe(0);
    expect(metrics.get("loom_streams_open")).toBe(0);
    expect(metrics.get("loom_bytes_in_flight")).toBe(0);
    expect(metrics.get("loom_postgres_up")).toBe(1);
    expect(sum(metrics, "loom_lane_acknowledgement_seconds_count")).toBeGreaterThan(10);
    expect(metrics.get("loom_overhead_seconds_count")).toBe(27);
    await until(async () => sum(await readMetrics(gateway.url), "loom_copy_rows_total") === 27);
  });

  test("names nothing that the table does not have, in a form that promtool takes", async () => {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as MetricName);
    expect(families.length).toBeGreaterThan(25);
    expect(families.filter((name) => !(name in metricTable))).toEqual([]);
    const promtool = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    if (promtool.error === undefined) expect([promtool.status, promtool.stderr]).toEqual([0, ""]);
  });

  test("does not grow with invented model names", async () => {
    await postAll(
      gateway,
      Array.from({ length: 150 }, (_, n) => ({ model: `invented-${n}` })),
    );
    await until(async () => sum(await readMetrics(gateway.url), "loom_overhead_seconds_count") >= 177);
    const before = (await readMetrics(gateway.url)).size;
    await postAll(
      gateway,
      Array.from({ length: 300 }, (_, n) => ({ model: `made-up-${n}` })),
    );
    await until(async () => sum(await readMetrics(gateway.url), "loom_overhead_seconds_count") >= 477);
    expect((await readMetrics(gateway.url)).size).toBe(before);
  });

  test("asks for its token where one is set, and can be turned off", async () => {
    await gateway.stop();
    const guarded = await gateway.startAgain({ LOOM_METRICS_TOKEN: "scrape-me" });
    expect((await fetch(`${guarded.url}/metrics`)).status).toBe(401);
    expect((await fetch(`${guarded.url}/metrics`, { headers: { authorization: "Bearer scrape-m" } })).status).toBe(401);
    await readMetrics(guarded.url, { authorization: "Bearer scrape-me" });
    await guarded.stop();
    const off = await gateway.startAgain({ LOOM_METRICS: "false" });
    expect((await fetch(`${off.url}/metrics`)).status).toBe(404);
  });
});

describeWithDatabase("spans that cannot be delivered", () => {
  let receiver: OtlpReceiver;
  let gateway: TestGateway;

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    gateway = await startTestGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
      OTEL_EXPORTER_OTLP_TIMEOUT: "500",
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_BSP_MAX_QUEUE_SIZE: "30",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_METRIC_EXPORT_INTERVAL: "1000",
      LOOM_LOG_SAMPLE_RATIO: "0",
    });
  });
  afterAll(async () => {
    await gateway.close();
    await receiver.close();
  });

  const dropped = async () => sum(await readMetrics(gateway.url), "loom_spans_dropped_total");

  test("are dropped and counted while every request is served, and come again by themselves", async () => {
    receiver.behaviour = { delayMs: 300, httpStatus: 200 };
    const startedAt = performance.now();
    await postAll(
      gateway,
      Array.from({ length: 200 }, () => ({ model: "mock/echo" })),
    );
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await until(async () => (await dropped()) > 0);
    receiver.behaviour = { delayMs: 0, httpStatus: 400 };
    await postAll(gateway, [{ model: "mock/echo" }]);
    await until(async () => sum(await readMetrics(gateway.url), 'loom_spans_dropped_total{reason="collector"}') > 0);
    const readiness = (await (await fetch(`${gateway.url}/readyz`)).json()) as { status: string; counters: object };
    expect(readiness.status).toBe("ready");
    expect(readiness.counters).toMatchObject({ spansDropped: await dropped() });
    receiver.behaviour = { delayMs: 0, httpStatus: 200 };
    let sent = 201;
    const before = receiver.spans.length;
    await until(async () => {
      sent += 1;
      await (await post(gateway, { model: "mock/echo" })).text();
      return receiver.spans.length > before;
    });
    await until(async () => {
      const metrics = await readMetrics(gateway.url);
      return sum(metrics, "loom_spans_dropped_total") + sum(metrics, "loom_spans_exported_total") === 3 * sent;
    });
    expect(await readMetrics(gateway.url).then((metrics) => metrics.get('loom_spans_queued{lane="0"}'))).toBe(0);
    expect(gateway.output()).toContain("spans_failing");
    expect(gateway.output()).toContain("spans_delivered");
  });

  test("have their metrics pushed as OTLP too, under the names of the conventions", async () => {
    await until(async () => receiver.metrics.some(({ name }) => name === "gen_ai.client.operation.duration"));
    const duration = receiver.metrics.findLast(({ name }) => name === "gen_ai.client.operation.duration");
    expect(duration?.unit).toBe("s");
    expect(JSON.stringify(duration?.message)).toContain("gen_ai.provider.name");
    const exchanges = receiver.metrics.findLast(({ name }) => name === "loom.exchanges");
    expect(exchanges?.message["sum"]).toMatchObject({ isMonotonic: true });
  });
});
