import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Caller } from "../../../src/config/tenant.js";
import { ExchangeRecord, type RequestFacts, unreadRequest } from "../../../src/exchange-record.js";
import { Lane } from "../../../src/hand-off/lane.js";
import { limits } from "../../../src/limits.js";
import type { Exchange } from "../../../src/listen/exchange.js";
import { frameKinds, readFrames } from "../../../src/trace/frames.js";
import type { ToLane } from "../../../src/trace/lane-messages.js";
import type { TraceBegin, TraceEnd } from "../../../src/trace/record.js";

const id = "0192f0c1-2345-7abc-8def-0123456789ab";
const caller: Caller = {
  tenant: {
    id: "t1",
    name: "t",
    keySalt: "c2FsdA==",
    defaultProvider: null,
    failurePolicy: "refuse" as const,
    providers: new Map(),
    routes: new Map(),
  },
  apiKeyId: "k1",
  scopes: [],
  onDisconnect: "cancel",
};
const endpoint = "/v1/chat/completions";
const facts: RequestFacts = { endpoint, model: "gpt-4o", streamed: true, sessionId: "s", endUser: "u", tags: ["a"] };

type Seen = { kind: number; seq: number; record: unknown; body: string };
let frames: Seen[];
let lane: Lane;
let channel: MessageChannel;
beforeEach(() => {
  frames = [];
  channel = new MessageChannel();
  lane = new Lane(0, "memory", () => {});
  lane.attach(channel.port1);
  channel.port2.on("message", (message: ToLane) => {
    if (message.type !== "frames") return;
    for (const { kind, seq, record, body } of readFrames(message.bytes)) {
      const text = record.toString();
      frames.push({ kind, seq, record: text === "" ? null : (JSON.parse(text) as unknown), body: body.toString() });
    }
    channel.port2.postMessage({ type: "acknowledged", batch: message.batch, backlogBytes: 0 });
  });
});
afterEach(() => {
  channel.port1.close();
  channel.port2.close();
});

function exchange(headers: Record<string, string> = {}): Exchange {
  return {
    method: "POST",
    path: "/v1/chat/completions",
    query: "",
    headers: new Map(Object.entries(headers)),
    receivedAtMs: performance.now() - 50,
    createdAtMs: 1_700_000_000_000.5,
    body: Buffer.from("request"),
    rest: null,
    // Records do not touch the reply.
    reply: null as unknown as Exchange["reply"],
  };
}

const admit = (headers: Record<string, string> = {}, known = facts) =>
  new ExchangeRecord({
    ...{ id, caller, lane },
    exchange: exchange(headers),
    facts: known,
    authenticatedAtMs: performance.now() - 49,
    onAcknowledged: undefined,
  });

async function beginOf(headers: Record<string, string> = {}, known = facts): Promise<TraceBegin> {
  admit(headers, known);
  await vi.waitFor(() => expect(frames).toHaveLength(1), { interval: 2 });
  return frames[0]?.record as TraceBegin;
}

describe("the begin of a record", () => {
  it("says who asked, what and when, with the request's bytes beside it", async () => {
    const headers = { "x-request-id": "r", "user-agent": "OpenAI/JS 6.49.0", accept: "*/*", authorization: "Bearer k" };
    expect(await beginOf(headers)).toEqual({
      id,
      tenantId: "t1",
      keySalt: "c2FsdA==",
      apiKeyId: "k1",
      createdAtMs: 1_700_000_000_000.5,
      endpoint: "/v1/chat/completions",
      requestId: "r",
      traceId: id.replaceAll("-", ""),
      spanId: "8def0123456789ab",
      model: "gpt-4o",
      streamed: true,
      sessionId: "s",
      endUser: "u",
      tags: ["a"],
      authenticatedMs: expect.closeTo(1, 0) as number,
      admittedMs: expect.closeTo(50, -1) as number,
      userAgent: "OpenAI/JS 6.49.0",
      requestHeaders: "accept: */*\n",
    });
    expect(frames[0]).toMatchObject({ kind: frameKinds.begin, seq: 1, body: "request" });
  });

  it("has nulls where the request could not be read", async () => {
    const begin = await beginOf({}, { ...unreadRequest, endpoint });
    expect(begin).toMatchObject({
      requestId: null,
      model: null,
      streamed: false,
      sessionId: null,
      endUser: null,
      tags: [],
    });
  });

  it("bounds every text that a client chose", async () => {
    const long = "x".repeat(10_000);
    const begin = await beginOf(
      { "x-request-id": long, "user-agent": long },
      { endpoint, model: long, streamed: false, sessionId: long, endUser: long, tags: [long] },
    );
    for (const text of [begin.model, begin.sessionId, begin.endUser, begin.requestId, begin.tags[0]]) {
      expect(text).toHaveLength(limits.columnTextMax);
    }
    expect(begin.userAgent).toHaveLength(limits.userAgentMax);
  });

  it("does not cut a character in two", async () => {
    const begin = await beginOf({}, { ...facts, model: `x${"😀".repeat(limits.columnTextMax)}` });
    expect(begin.model?.isWellFormed()).toBe(true);
  });

  const given = "4bf92f3577b34da6a3ce929d0e0e4736";
  it.each([
    [`00-${given}-00f067aa0ba902b7-01`, true],
    [`01-${given}-00f067aa0ba902b7-01-more`, true],
    [`00-${given}-00f067aa0ba902b7-01, 00-${given}-00f067aa0ba902b7-01`, false],
    [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`, false],
    [`00-${given.toUpperCase()}-00f067aa0ba902b7-01`, false],
    [`00-${given}-00f067aa0ba902b7`, false],
    [`ff-${given}-00f067aa0ba902b7-01`, false],
    ["", false],
  ])("under the traceparent %j keeps the caller's trace: %s", async (traceparent, kept) => {
    expect((await beginOf({ traceparent })).traceId).toBe(kept ? given : id.replaceAll("-", ""));
  });
});

describe("an answer of which a part finds no room", () => {
  it("is told of once, and not after its end", async () => {
    const broken: string[] = [];
    const record = new ExchangeRecord({
      ...{ id, caller, lane, facts },
      exchange: exchange(),
      authenticatedAtMs: performance.now(),
      onAcknowledged: undefined,
      onBroken: ({ code }) => broken.push(code),
    });
    await vi.waitFor(() => expect(frames).toHaveLength(1), { interval: 2 });
    channel.port2.removeAllListeners("message");
    channel.port2.on("message", (message: ToLane) => {
      if (message.type !== "frames") return;
      channel.port2.postMessage({ type: "acknowledged", batch: message.batch, backlogBytes: 0, refused: [1] });
    });
    record.sendChunk([Buffer.from("one")]);
    record.sendChunk([Buffer.from("two")]);
    await vi.waitFor(() => expect(broken).toEqual(["record_failed"]), { interval: 2 });
    record.sendChunk([Buffer.from("three")]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(broken).toEqual(["record_failed"]);
  });
});

describe("the end of a record", () => {
  const attempt = { provider: "p", model: "m", status: 200, errorCode: null, startedMs: 1, endedMs: 2 };

  it("says how it went, with the rest of the answer beside it, after the chunks", async () => {
    const heard: unknown[] = [];
    const record = admit();
    record.sendChunk([Buffer.from("chu"), Buffer.from("nk")]);
    const end = {
      outcome: "complete" as const,
      statusCode: 200,
      errorCode: null,
      provider: { name: "p", kind: "openai", model: "m", usageFormat: "openai-chat" as const },
      attempts: [attempt],
      ttfbMs: 3,
      overheadMs: 0.5,
      response: {
        bytes: 9,
        rest: [Buffer.from("rest")],
        isTruncated: false,
        streamTimes: { every: 1, ms: [3.5], bytes: [9] },
        contentType: "text/plain",
        contentEncoding: null,
        headers: "server: s\n",
      },
    };
    record.end(end, (error) => heard.push(error));
    await vi.waitFor(() => expect(heard).toEqual([null]), { interval: 2 });
    expect(frames.map(({ kind, seq, body }) => [kind, seq, body])).toEqual([
      [frameKinds.begin, 1, "request"],
      [frameKinds.chunk, 1, "chunk"],
      [frameKinds.end, 1, "rest"],
    ]);
    const [, , last] = frames as [Seen, Seen, Seen];
    const { latencyMs, ...written } = last.record as TraceEnd;
    expect(latencyMs).toBeGreaterThanOrEqual(50);
    expect(written).toEqual({
      outcome: "complete",
      statusCode: 200,
      errorCode: null,
      provider: "p",
      providerKind: "openai",
      upstreamModel: "m",
      attempts: [attempt],
      ttfbMs: 3,
      overheadMs: 0.5,
      requestBytes: 7,
      responseBytes: 9,
      captureTruncated: false,
      contentType: "text/plain",
      contentEncoding: null,
      usageFormat: "openai-chat",
      streamTimes: { every: 1, ms: [3.5], bytes: [9] },
      answerHeaders: "server: s\n",
    });
  });

  it("is sent once; nothing of the exchange follows it", async () => {
    const heard: string[] = [];
    const record = admit();
    expect(record.isOpen).toBe(true);
    const end = (outcome: "aborted" | "complete") => ({ outcome, statusCode: 499, errorCode: null, overheadMs: 0 });
    record.end(end("aborted"), () => heard.push("first"));
    expect(record.isOpen).toBe(false);
    record.end(end("complete"), () => heard.push("second"));
    record.sendChunk([Buffer.from("late")]);
    await vi.waitFor(() => expect(heard).toEqual(["first"]), { interval: 2 });
    expect(frames.map((frame) => frame.kind)).toEqual([frameKinds.begin, frameKinds.end]);
    expect(frames[1]?.record).toMatchObject({ outcome: "aborted", provider: null, attempts: [], usageFormat: "none" });
  });
});
