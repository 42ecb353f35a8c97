// Whether the bench's load generator measures what the mock provider does, since every figure stands on it.
// Bounds are wide on the upper side: a busy machine is late, never early.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainBody, streamBody } from "../../bench/load/bodies.js";
import { runClosedLoop } from "../../bench/load/closed-loop.js";
import { runKeyedLoop } from "../../bench/load/keyed-loop.js";
import { LoadClient } from "../../bench/load/load-client.js";
import type { OpenLoad } from "../../bench/load/loads.js";
import { runPacedStreams } from "../../bench/load/paced-streams.js";
import { percentile, sortSamples } from "../../bench/statistics.js";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";

describe("the load generator", () => {
  let mock: MockProvider;
  let url: string;
  const key = "sk-bench";

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0, receivedMax: 1000 });
    url = `${mock.url}/v1/chat/completions`;
  });
  afterAll(() => mock.close());

  const withMock = (body: string, options: object): string => JSON.stringify({ ...JSON.parse(body), mock: options });

  test("sends exactly as many requests as asked for, and times each of them", async () => {
    mock.received.length = 0;
    const load = { kind: "closed", url, key, connections: 7, timeoutMs: 10_000 } as const;
    const result = await runClosedLoop({ ...load, body: plainBody(), requests: 100 });
    expect(result.statuses).toEqual({ 200: 100 });
    expect(result.unanswered).toBe(0);
    expect(result.latenciesMs).toHaveLength(100);
    expect(mock.received).toHaveLength(100);
    expect(mock.received[0]?.headers.authorization).toBe("Bearer sk-bench");
  });

  test("measures a delay that the provider makes, to the millisecond and below", async () => {
    const body = withMock(plainBody(), { delay_ms: 60 });
    const load = { kind: "closed", url, key, connections: 4, timeoutMs: 10_000 } as const;
    const result = await runClosedLoop({ ...load, body, requests: 20 });
    const sorted = sortSamples(result.latenciesMs);
    // Node's timers may fire up to 1 ms early.
    expect(sorted[0]).toBeGreaterThanOrEqual(59);
    expect(percentile(sorted, 0.5)).toBeLessThan(90);
    expect(sorted.some((latency) => latency !== Math.round(latency))).toBe(true);
  });

  test("counts refusals by their status and requests that never got an answer", async () => {
    const load = { kind: "closed", url, key, connections: 2, requests: 4 } as const;
    const refused = plainBody().replace("gpt-4o-mini", "error-503");
    expect((await runClosedLoop({ ...load, body: refused, timeoutMs: 5000 })).statuses).toEqual({ 503: 4 });
    const hung = plainBody().replace("gpt-4o-mini", "timeout");
    const result = await runClosedLoop({ ...load, body: hung, timeoutMs: 300 });
    expect(result).toMatchObject({ statuses: {}, unanswered: 4 });
  });

  test("measures first bytes, pace and bytes of streams", async () => {
    const body = withMock(streamBody(10, 40), { tokens: 10, tokens_per_second: 40, delay_ms: 50 });
    const load = { kind: "streams", url, key, streams: 20, startOverMs: 200, timeoutMs: 10_000 } as const;
    const result = await runPacedStreams({ ...load, body });
    expect(result.failures).toEqual({});
    expect(Object.values(result.digests)).toEqual([20]);
    expect(result.firstByteMs).toHaveLength(20);
    expect(Math.min(...result.firstByteMs)).toBeGreaterThanOrEqual(49);
    // 9 gaps of 25 ms between the 10 tokens of a stream; finish, usage and [DONE] come with the last one.
    expect(result.gapsMs).toHaveLength(20 * 9);
    const gaps = sortSamples(result.gapsMs);
    expect(percentile(gaps, 0.5)).toBeGreaterThan(22);
    expect(percentile(gaps, 0.5)).toBeLessThan(30);
    expect(result.events).toBe(20 * 13);
    expect(result.elapsedMs).toBeGreaterThan(50 + 9 * 25 + 180);
  });

  test("sees one stream whose bytes differ, and one that is cut", async () => {
    const load = { kind: "streams", url, key, streams: 2, startOverMs: 0, timeoutMs: 5000 } as const;
    const whole = await runPacedStreams({ ...load, body: streamBody(3, 1000) });
    const longer = await runPacedStreams({ ...load, body: streamBody(4, 1000) });
    expect(Object.keys(whole.digests)).not.toEqual(Object.keys(longer.digests));
    const cut = await runPacedStreams({ ...load, body: streamBody(3, 1000).replace('"stream"', '"cut"') });
    expect(Object.values(cut.failures)).toEqual([2]);
    const unended = await runPacedStreams({ ...load, body: streamBody(3, 1000).replace('"stream"', '"no-done"') });
    expect(unended.failures).toEqual({ "ended without [DONE]": 2 });
  });

  test("notices a provider that stalls in the middle of its pace", async () => {
    const load = { kind: "streams", url, key, streams: 5, startOverMs: 0, timeoutMs: 5000 } as const;
    const running = runPacedStreams({ ...load, body: streamBody(20, 40) });
    // Mock and generator share this thread: holding it up holds up the events of every stream.
    setTimeout(() => {
      const until = performance.now() + 150;
      while (performance.now() < until);
    }, 200);
    const { gapsMs } = await running;
    expect(gapsMs.filter((gap) => gap > 100)).toHaveLength(5);
  });

  test("gives each request of a keyed loop another key, and times each of them", async () => {
    mock.received.length = 0;
    const keys = Array.from({ length: 30 }, (_, at) => `sk-${at}`);
    const load = { kind: "keyed", url, key: "", body: plainBody(), keys, connections: 4, timeoutMs: 10_000 } as const;
    const result = await runKeyedLoop({ ...load, requests: 30 });
    expect(result).toMatchObject({ statuses: { 200: 30 }, unanswered: 0 });
    expect(result.latenciesMs).toHaveLength(30);
    const received = mock.received.map(({ headers }) => headers.authorization);
    expect(new Set(received)).toEqual(new Set(keys.map((key) => `Bearer ${key}`)));
  });
});

/** In its own process, as the bench uses it; its threads need what was built. */
describe("the open loop", () => {
  let mock: MockProvider;
  let generator: LoadClient;
  let load: OpenLoad;

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0, receivedMax: 10_000 });
    generator = new LoadClient(new URL("../../dist/bench/load/load-process.js", import.meta.url));
    const url = `${mock.url}/v1/chat/completions`;
    const shape = { kind: "open", url, key: "sk-bench", body: plainBody() } as const;
    load = { ...shape, perSecond: 500, durationMs: 1000, connectionsMax: 64, timeoutMs: 5000 };
  });
  afterAll(async () => {
    generator.stop();
    await mock.close();
  });

  const withDelay = (delayMs: number): string =>
    JSON.stringify({ ...JSON.parse(plainBody()), mock: { delay_ms: delayMs } });

  test("offers exactly its rate, evenly, and counts every answer", async () => {
    mock.received.length = 0;
    const result = await generator.run(load);
    expect(result).toMatchObject({ offered: 500, statuses: { 200: 500 }, unanswered: 0 });
    expect(result.latenciesMs).toHaveLength(500);
    expect(result.elapsedMs).toBeGreaterThan(990);
    expect(mock.received).toHaveLength(500);
    const times = mock.received.map(({ receivedAtMs }) => receivedAtMs);
    // The first half of the requests takes the first half of the time, not a moment of it.
    expect((times[250] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(400);
    // A thread that sleeps exactly, not a timer of whole milliseconds; a busy machine wakes it late, but not each time.
    expect(percentile(sortSamples(result.latenessMs), 0.01)).toBeLessThan(0.9);
  });

  test("measures a delay from when the request was due", async () => {
    const { latenciesMs } = await generator.run({ ...load, body: withDelay(50), perSecond: 200, connectionsMax: 256 });
    const sorted = sortSamples(latenciesMs);
    expect(sorted[0]).toBeGreaterThanOrEqual(49);
    expect(percentile(sorted, 0.1)).toBeLessThan(60);
  });

  test("goes on sending while answers are late, and shows a standstill in all requests that fell into it", async () => {
    const running = generator.run({ ...load, perSecond: 200, durationMs: 1500, connectionsMax: 256 });
    // The mock stands still for 500 ms: at 200 a second 100 requests are due meanwhile, the first of which waits
    // 500 ms and the last one nothing. A closed loop over 4 connections would show 4 slow requests.
    await new Promise((resolve) => setTimeout(resolve, 700));
    const until = performance.now() + 500;
    while (performance.now() < until);
    const { latenciesMs, unanswered } = await running;
    expect(unanswered).toBe(0);
    const slow = latenciesMs.filter((ms) => ms > 100);
    expect(slow.length).toBeGreaterThan(60);
    expect(Math.max(...latenciesMs)).toBeGreaterThan(400);
    expect(latenciesMs.filter((ms) => ms > 100 && ms < 400).length).toBeGreaterThan(30);
  });

  test("counts the wait for a free connection when there are too few", async () => {
    // Two connections of 20 ms carry 100 requests a second; 200 are offered, so the last ones wait about half a second.
    const few = { ...load, body: withDelay(20), perSecond: 200, durationMs: 1000, connectionsMax: 2 };
    const { latenciesMs, statuses } = await generator.run(few);
    expect(statuses).toEqual({ 200: 200 });
    expect(Math.max(...latenciesMs)).toBeGreaterThan(800);
  });

  test("counts refusals, cut connections and requests that nobody answers", async () => {
    const named = (model: string): OpenLoad => ({
      ...load,
      body: plainBody().replace("gpt-4o-mini", model),
      perSecond: 50,
      durationMs: 200,
      timeoutMs: 300,
    });
    expect(await generator.run(named("error-503"))).toMatchObject({ statuses: { 503: 10 }, unanswered: 0 });
    expect(await generator.run(named("cut-before"))).toMatchObject({ statuses: {}, unanswered: 10, broken: 10 });
    expect(await generator.run(named("timeout"))).toMatchObject({ statuses: {}, unanswered: 10 });
  });
});
