// The API of the gateway from memory, for tests of components and for looking at pages without a database. Whole
// journeys run against the real one. The same seed gives the same rows.
import type {
  Figures,
  KeyList,
  Me,
  SessionList,
  Summary,
  Timeseries,
  Top,
  Trace,
  TraceBodies,
  TraceDetail,
  TraceList,
} from "../../../dashboard/src/api/schema.js";

const models = [
  ["gpt-4o", "openai", 2.5, 10],
  ["gpt-4o-mini", "openai", 0.15, 0.6],
  ["claude-sonnet-4-5", "anthropic", 3, 15],
  ["llama-3.1-8b-instant", "groq", 0.05, 0.08],
  ["gpt-5.1", "azure-openai", 1.25, 10],
  ["mock/echo", "mock", null, null],
] as const;
const keyNames = ["checkout", "support-bot", "batch-nightly", "demo"];
const tenantId = "018f0000-0000-7000-8000-000000000001";

/** mulberry32 */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function uuid(atMs: number, n: number): string {
  const time = Math.floor(atMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${(n & 0xfff).toString(16).padStart(3, "0")}-8000-${n.toString(16).padStart(12, "0")}`;
}

const requestBody = {
  model: "gpt-4o",
  temperature: 0.2,
  stream: true,
  tools: [{ type: "function", function: { name: "find_order", parameters: { type: "object" } } }],
  messages: [
    { role: "system", content: "You help customers of a shop for climbing gear. Be brief." },
    { role: "user", content: "Where is my order 4711? It should have come on Tuesday." },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "call_9f2", type: "function", function: { name: "find_order", arguments: '{"order":4711}' } }],
    },
    { role: "tool", tool_call_id: "call_9f2", content: '{"state":"in transit","eta":"2026-11-22"}' },
  ],
};
const answerText =
  "Your order **4711** is on its way and should arrive on *22 November*.\n\n- 2 × quickdraw set\n- 1 × rope, 60 m\n\nSorry for the delay! <script>alert(1)</script>";

function streamed(text: string): string {
  const base = { id: "chatcmpl-1", object: "chat.completion.chunk", model: "gpt-4o-2024-08-06" };
  const deltas = [
    { role: "assistant", reasoning_content: "The tool says it is in transit." },
    ...(text.match(/.{1,9}/gs) ?? []).map((content) => ({ content })),
  ];
  const lines = deltas.map(
    (delta) => `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`,
  );
  return `${lines.join("")}data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;
}

function makeTrace(random: () => number, atMs: number, n: number): Trace {
  const [model, provider, inPrice, outPrice] = models[Math.floor(random() ** 1.6 * models.length)] ?? models[0];
  const luck = random();
  const outcome =
    luck < 0.935
      ? "complete"
      : luck < 0.962
        ? "error"
        : luck < 0.978
          ? "aborted"
          : luck < 0.985
            ? "truncated"
            : luck < 0.988
              ? "interrupted"
              : "refused";
  const isGood = outcome === "complete";
  const ttfbMs = outcome === "refused" ? null : 120 + random() ** 3 * 1400;
  const latencyMs = ttfbMs === null ? 1.2 : ttfbMs + 200 + random() ** 4 * 9000;
  const promptTokens = isGood || outcome === "aborted" ? Math.floor(30 + random() ** 3 * 6000) : null;
  const completionTokens = promptTokens === null ? null : Math.floor(10 + random() ** 2 * 900);
  const key = Math.floor(random() ** 1.4 * keyNames.length);
  const cost =
    promptTokens === null || completionTokens === null || inPrice === null
      ? null
      : (promptTokens * inPrice + completionTokens * outPrice) / 1e6;
  return {
    id: uuid(atMs, n),
    createdAt: new Date(atMs).toISOString(),
    key: { id: uuid(1.7e12, key), prefix: `sk-loom-${keyNames[key]?.slice(0, 4)}`, name: keyNames[key] ?? null },
    requestId: random() < 0.3 ? `req-${n}` : null,
    traceId: uuid(atMs, n).replaceAll("-", ""),
    spanId: "00f067aa0ba902b7",
    endpoint: "/v1/chat/completions",
    provider: outcome === "refused" ? null : provider,
    model: n % 9 === 0 ? "fast" : model,
    responseModel: isGood ? (model === "gpt-4o" ? "gpt-4o-2024-08-06" : model) : null,
    statusCode:
      isGood || outcome === "truncated"
        ? 200
        : outcome === "aborted"
          ? 499
          : outcome === "refused"
            ? 403
            : luck < 0.95
              ? 429
              : 502,
    outcome,
    errorCode:
      outcome === "error"
        ? luck < 0.95
          ? "rate_limit_exceeded"
          : "upstream_unreachable"
        : outcome === "refused"
          ? "model_not_found"
          : null,
    finishReason: isGood ? (random() < 0.1 ? "tool_calls" : "stop") : null,
    streamed: random() < 0.6,
    attempts: outcome === "refused" ? 0 : random() < 0.06 ? 2 : 1,
    latencyMs,
    ttfbMs,
    gatewayOverheadMs: 0.3 + random() ** 4 * 2,
    promptTokens,
    completionTokens,
    totalTokens: promptTokens === null ? null : promptTokens + (completionTokens ?? 0),
    cachedTokens: promptTokens === null ? null : n % 4 === 0 ? Math.floor(promptTokens / 2) : 0,
    reasoningTokens: promptTokens === null ? null : 0,
    usageSource: promptTokens === null ? "none" : outcome === "aborted" ? "estimated" : "provider",
    estimatedCostUSD: cost,
    requestBytes: 900 + Math.floor(random() * 9000),
    responseBytes: 600 + Math.floor(random() * 20000),
    sessionId: n % 3 === 0 ? `conversation-${Math.floor(n / 12)}` : null,
    endUser: n % 5 === 0 ? `user-${n % 40}` : null,
    tags: n % 7 === 0 ? ["eval", "nightly"] : [],
  };
}

export type FakeApiOptions = {
  readonly rows?: number;
  readonly spanMs?: number;
  readonly nowMs?: number;
  readonly mayReadBodies?: boolean;
};

export class FakeApi {
  readonly rows: readonly Trace[];
  readonly #options: Required<FakeApiOptions>;

  constructor(options: FakeApiOptions = {}) {
    this.#options = { rows: 12_000, spanMs: 3_600_000, nowMs: Date.now(), mayReadBodies: true, ...options };
    const { rows, spanMs, nowMs } = this.#options;
    const random = makeRandom(7);
    this.rows = Array.from({ length: rows }, (_, n) => makeTrace(random, nowMs - 2000 - (n / rows) * spanMs, n));
  }

  /** The JSON of an answer, or null where there is nothing. */
  answer(path: string, query: URLSearchParams): unknown {
    const one = /^\/v1\/traces\/([0-9a-f-]{36})(\/bodies)?$/.exec(path);
    if (one !== null) return one[2] === undefined ? this.#detail(one[1] ?? "") : this.#bodies(one[1] ?? "");
    switch (path) {
      case "/v1/me":
        return this.#me();
      case "/v1/traces":
        return this.#list(query);
      case "/v1/analytics/summary":
        return this.#summary(query);
      case "/v1/analytics/timeseries":
        return this.#timeseries(query);
      case "/v1/analytics/top":
        return this.#top(query);
      case "/v1/keys":
        return this.#keys(query);
      case "/v1/sessions":
        return this.#sessions(query);
      case "/v1/models":
        return {
          object: "list",
          data: models.map(([id, owned_by]) => ({
            id: id.includes("/") ? id : `${owned_by}/${id}`,
            object: "model",
            owned_by,
          })),
        };
      default:
        return null;
    }
  }

  #me(): Me {
    return {
      tenant: { id: tenantId, name: "demo" },
      key: { id: uuid(1.7e12, 3), prefix: "sk-loom-demo", name: "demo", expiresAt: null },
      scopes: this.#options.mayReadBodies ? ["bodies:read"] : [],
      may: { readTraces: true, readBodies: this.#options.mayReadBodies },
      newestTraceAt: this.rows[0]?.createdAt ?? null,
      oldestTraceAt: this.rows.at(-1)?.createdAt ?? null,
      jaegerUrl: "http://127.0.0.1:16686",
      retentionDays: 90,
      version: "0.1.0",
    };
  }

  #match(query: URLSearchParams): readonly Trace[] {
    const from = Date.parse(query.get("from") ?? "1970-01-01");
    const to = Date.parse(query.get("to") ?? "2999-01-01");
    const outcome = /outcome:(\S+)/.exec(query.get("q") ?? "")?.[1]?.split(",");
    const model = /model:(\S+)/.exec(query.get("q") ?? "")?.[1];
    const session = /session:(\S+)/.exec(query.get("q") ?? "")?.[1];
    return this.rows.filter((row) => {
      const at = Date.parse(row.createdAt);
      const isWanted =
        (outcome === undefined || outcome.includes(row.outcome)) && (model === undefined || row.model === model);
      return at >= from && at < to && isWanted && (session === undefined || row.sessionId === session);
    });
  }

  #list(query: URLSearchParams): TraceList {
    const rows = this.#match(query);
    const at = Number(query.get("cursor") ?? 0);
    const end = at + Number(query.get("limit") ?? 100);
    const searched = { from: query.get("from"), to: new Date(this.#options.nowMs).toISOString(), isComplete: true };
    return { object: "list", data: rows.slice(at, end), nextCursor: end < rows.length ? String(end) : null, searched };
  }

  #detail(id: string): TraceDetail | null {
    const row = this.rows.find((one) => one.id === id);
    if (row === undefined) return null;
    const mayRead = this.#options.mayReadBodies;
    const firstEnds = row.attempts > 1 ? row.latencyMs * 0.3 : 0;
    return {
      ...row,
      priceVersion: "genai-prices 0.1.8 2026-11-01",
      contentType: row.streamed ? "text/event-stream" : "application/json",
      contentEncoding: null,
      captureTruncated: false,
      bodyCodec: "deflate",
      encryptionKeyVersion: 1,
      nodeId: "node-a",
      bootId: uuid(1.7e12, 99),
      lane: 0,
      seq: 4711,
      leafHash: "9f2c".repeat(16),
      recordedAt: row.createdAt,
      attemptList:
        row.provider === null
          ? []
          : [
              ...(row.attempts > 1
                ? [
                    {
                      provider: "openai",
                      model: "gpt-4o",
                      status: 429,
                      errorCode: "rate_limit_exceeded",
                      startedMs: 0.3,
                      endedMs: firstEnds,
                    },
                  ]
                : []),
              {
                provider: row.provider,
                model: row.model ?? "",
                status: row.statusCode,
                errorCode: row.errorCode,
                startedMs: firstEnds + 0.4,
                endedMs: row.latencyMs - 0.3,
              },
            ],
      costLines:
        row.estimatedCostUSD === null
          ? null
          : [
              {
                item: "prompt",
                tokens: row.promptTokens ?? 0,
                usdPerMillion: 2.5,
                costUSD: row.estimatedCostUSD * 0.4,
              },
              {
                item: "completion",
                tokens: row.completionTokens ?? 0,
                usdPerMillion: 10,
                costUSD: row.estimatedCostUSD * 0.6,
              },
            ],
      bodies: {
        mayRead,
        missingScope: mayRead ? null : "bodies:read",
        request: { state: "kept", bytes: row.requestBytes, storedBytes: row.requestBytes + 16 },
        response: { state: "kept", bytes: row.responseBytes, storedBytes: row.responseBytes + 16 },
      },
    };
  }

  #bodies(id: string): TraceBodies {
    const row = this.rows.find((one) => one.id === id);
    const body = (text: string) => ({
      bytes: text.length,
      offset: 0,
      endOffset: text.length,
      encoding: "utf8" as const,
      text,
      decoded: null,
      contentType: null,
      captureTruncated: false,
    });
    const whole = JSON.stringify({
      choices: [{ index: 0, message: { role: "assistant", content: answerText }, finish_reason: "stop" }],
    });
    return {
      id,
      request: body(JSON.stringify(requestBody)),
      response: body(row?.streamed === true ? streamed(answerText) : whole),
    };
  }

  #figures(rows: readonly Trace[]): Figures {
    const sum = (read: (row: Trace) => number | null): number =>
      rows.reduce((total, row) => total + (read(row) ?? 0), 0);
    const sorted = (read: (row: Trace) => number | null): number[] =>
      rows.flatMap((row) => read(row) ?? []).sort((a, b) => a - b);
    const latency = sorted((row) => row.latencyMs);
    const ttfb = sorted((row) => row.ttfbMs);
    const at = (values: number[], share: number): number | null => values[Math.floor(values.length * share)] ?? null;
    const outcomes = { complete: 0, error: 0, aborted: 0, truncated: 0, interrupted: 0, refused: 0 };
    for (const row of rows) outcomes[row.outcome] += 1;
    const failed = rows.length - outcomes.complete - outcomes.aborted;
    const mean = (total: number): number | null => (rows.length === 0 ? null : total / rows.length);
    return {
      totalRequests: rows.length,
      totalTokens: sum((row) => row.totalTokens),
      promptTokens: sum((row) => row.promptTokens),
      completionTokens: sum((row) => row.completionTokens),
      cachedTokens: sum((row) => row.cachedTokens),
      reasoningTokens: 0,
      estimatedCostUSD: sum((row) => row.estimatedCostUSD),
      unpricedRequests: rows.filter((row) => row.estimatedCostUSD === null && row.usageSource !== "none").length,
      errorRate: mean(failed),
      avgLatencyMs: mean(sum((row) => row.latencyMs)),
      p50LatencyMs: at(latency, 0.5),
      p95LatencyMs: at(latency, 0.95),
      p99LatencyMs: at(latency, 0.99),
      avgTtfbMs: mean(sum((row) => row.ttfbMs)),
      p50TtfbMs: at(ttfb, 0.5),
      p95TtfbMs: at(ttfb, 0.95),
      p99TtfbMs: at(ttfb, 0.99),
      avgOverheadMs: mean(sum((row) => row.gatewayOverheadMs)),
      streamedRequests: rows.filter((row) => row.streamed).length,
      outcomes,
      statuses: { ok: outcomes.complete, clientError: outcomes.refused, serverError: outcomes.error },
    };
  }

  #window(query: URLSearchParams): { from: string; to: string } {
    const from = query.get("from") ?? new Date(this.#options.nowMs - 3_600_000).toISOString();
    return { from, to: query.get("to") ?? new Date(this.#options.nowMs).toISOString() };
  }

  #summary(query: URLSearchParams): Summary {
    const window = this.#window(query);
    const rows = this.#match(query);
    const previous = this.#figures(rows.filter((_, index) => index % 9 !== 0));
    return { ...this.#figures(rows), window, previousWindow: window, previous, source: "rollups" };
  }

  #timeseries(query: URLSearchParams): Timeseries {
    const window = this.#window(query);
    const bucketMinutes = Number(query.get("bucketMinutes") ?? 1);
    const stepMs = bucketMinutes * 60_000;
    const startMs = Math.floor(Date.parse(window.from) / stepMs) * stepMs;
    const count = Math.ceil((Date.parse(window.to) - startMs) / stepMs);
    const groupBy = query.get("groupBy");
    const all = this.#match(query);
    const names = groupBy === "model" ? [...new Set(all.map((row) => row.model))] : [null];
    const series = names.map((group) => {
      const buckets: Trace[][] = Array.from({ length: count }, () => []);
      for (const row of all) {
        if (groupBy === null || row.model === group)
          buckets[Math.floor((Date.parse(row.createdAt) - startMs) / stepMs)]?.push(row);
      }
      const points = buckets.map((rows, index) => ({
        ...this.#figures(rows),
        at: new Date(startMs + index * stepMs).toISOString(),
      }));
      return { group, label: group, kind: groupBy === null ? ("all" as const) : ("group" as const), points };
    });
    return { window, bucketMinutes, timeZone: "UTC", groupBy, groupCount: names.length, series, source: "rollups" };
  }

  #top(query: URLSearchParams): Top {
    const by = query.get("by") ?? "model";
    const metric = query.get("metric") ?? "requests";
    const read: Readonly<Record<string, (row: Trace) => string | null>> = {
      model: (row) => row.model,
      provider: (row) => row.provider,
      outcome: (row) => row.outcome,
      key: (row) => row.key.name,
      status: (row) => String(row.statusCode),
      error: (row) => row.errorCode,
      user: (row) => row.endUser,
      session: (row) => row.sessionId,
    };
    const groups = new Map<string | null, Trace[]>();
    for (const row of this.#match(query)) {
      const group = read[by]?.(row) ?? null;
      groups.set(group, [...(groups.get(group) ?? []), row].slice(-4000));
    }
    const size = (figures: Figures): number =>
      metric === "cost" ? figures.estimatedCostUSD : metric === "tokens" ? figures.totalTokens : figures.totalRequests;
    const data = [...groups]
      .map(([group, rows]) => ({ ...this.#figures(rows), group, label: group, filter: `${by}:${group}` }))
      .sort((a, b) => size(b) - size(a));
    return {
      window: this.#window(query),
      by,
      metric,
      groupCount: data.length,
      data: data.slice(0, Number(query.get("limit") ?? 10)),
      source: "rollups",
    };
  }

  #keys(query: URLSearchParams): KeyList {
    const data = keyNames.map((name, at) => {
      const rows = this.rows.filter((row) => row.key.name === name);
      const { totalRequests, errorRate, totalTokens, estimatedCostUSD, unpricedRequests } = this.#figures(rows);
      const usage = { totalRequests, errorRate, totalTokens, estimatedCostUSD, unpricedRequests };
      const state = name === "batch-nightly" ? ("revoked" as const) : ("active" as const);
      return {
        id: uuid(1.7e12, at),
        prefix: `sk-loom-${name.slice(0, 4)}`,
        name,
        scopes: name === "demo" ? ["bodies:read"] : [],
        state,
        isOwn: name === "demo",
        createdAt: "2026-09-01T08:00:00.000Z",
        expiresAt: null,
        revokedAt: state === "revoked" ? "2026-11-02T08:00:00.000Z" : null,
        lastUsedAt: rows[0]?.createdAt ?? null,
        ...usage,
      };
    });
    return { object: "list", window: this.#window(query), data };
  }

  #sessions(query: URLSearchParams): SessionList {
    const groups = new Map<string, Trace[]>();
    for (const row of this.#match(query)) {
      if (row.sessionId !== null) groups.set(row.sessionId, [...(groups.get(row.sessionId) ?? []), row]);
    }
    const data = [...groups].slice(0, 50).map(([id, rows]) => {
      const figures = this.#figures(rows);
      const firstAt = rows.at(-1)?.createdAt ?? "";
      const lastAt = rows[0]?.createdAt ?? "";
      return {
        id,
        firstAt,
        lastAt,
        durationMs: Date.parse(lastAt) - Date.parse(firstAt) + (rows[0]?.latencyMs ?? 0),
        totalRequests: rows.length,
        errors: figures.outcomes.error,
        totalTokens: figures.totalTokens,
        estimatedCostUSD: figures.estimatedCostUSD,
        unpricedRequests: figures.unpricedRequests,
        models: [...new Set(rows.map((row) => row.model ?? ""))],
        endUsers: [...new Set(rows.flatMap((row) => row.endUser ?? []))],
      };
    });
    return { object: "list", data, nextCursor: null };
  }
}
