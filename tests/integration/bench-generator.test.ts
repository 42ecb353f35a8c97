// Whether the bench's load generator measures what the mock provider does, since every figure stands on it.
// Bounds are wide on the upper side: a busy machine is late, never early.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainBody, streamBody } from "../../bench/bodies.js";
import { runClosedLoop } from "../../bench/closed-loop.js";
import { runPacedStreams } from "../../bench/paced-streams.js";
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
});
