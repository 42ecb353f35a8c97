// The official openai client straight against the mock provider: what later goes through Loom must work without it.
import OpenAI, { AzureOpenAI } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;

let mock: MockProvider;
let openai: OpenAI;
let azure: AzureOpenAI;
let azureV1: OpenAI;

beforeAll(async () => {
  mock = await startMockProvider({ shape: "both", port: 0 });
  openai = new OpenAI({ apiKey: "sk-any", baseURL: `${mock.url}/v1`, maxRetries: 0 });
  azure = new AzureOpenAI({ apiKey: "any", endpoint: mock.url, apiVersion: "2024-10-21", maxRetries: 0 });
  azureV1 = new OpenAI({ apiKey: "any", baseURL: `${mock.url}/openai/v1`, maxRetries: 0 });
});

afterAll(() => mock.close());

/** The request, with the mock's options as a field that the client does not know. */
function ask(model: string, options?: object, fields: Partial<Params> = {}): Params {
  const mockField = options === undefined ? {} : { mock: options };
  return { model, messages: [{ role: "user", content: "Say hello, 🌍" }], ...fields, ...mockField };
}

async function collect(
  client: OpenAI,
  params: OpenAI.ChatCompletionCreateParams,
): Promise<OpenAI.ChatCompletionChunk[]> {
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of await client.chat.completions.create({ ...params, stream: true })) chunks.push(chunk);
  return chunks;
}

const contentOf = (chunks: OpenAI.ChatCompletionChunk[]) =>
  chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

describe.each([
  ["OpenAI", () => openai, "gpt-4o-mini", 5],
  ["Azure's classic paths", () => azure, "gpt-4o-mini-2024-07-18", 6],
  ["Azure's v1 paths", () => azureV1, "gpt-4o-mini-2024-07-18", 6],
])("in the shape of %s", (_, client, answerModel, chunkCount) => {
  it("answers plainly", async () => {
    const { data: answer, response } = await client().chat.completions.create(ask("gpt-4o-mini")).withResponse();
    expect(answer.model).toBe(answerModel);
    expect(answer.choices[0]?.message.content).toBe("Hello from the mock.");
    expect(answer.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 });
    expect(response.headers.get("x-request-id")).toMatch(/^req_/);
    expect(response.headers.get("x-ratelimit-remaining-requests")).not.toBeNull();
  });

  it("streams four content chunks and a stop", async () => {
    const chunks = await collect(client(), ask("gpt-4o-mini"));
    expect(chunks).toHaveLength(chunkCount);
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.content)).toHaveLength(4);
    expect(contentOf(chunks)).toBe("Hello from the mock.");
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
  });

  it("adds one usage chunk when asked", async () => {
    const chunks = await collect(client(), {
      ...ask("gpt-4o-mini"),
      stream_options: { include_usage: true },
    });
    expect(chunks).toHaveLength(chunkCount + 1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 15 } });
  });

  it("lists its behaviours as models", async () => {
    const ids: string[] = [];
    // Azure's classic shape has no model list of this kind.
    const lister = client() === azure ? azureV1 : client();
    for await (const model of lister.models.list()) ids.push(model.id);
    expect(ids).toEqual(expect.arrayContaining(["echo", "stream", "tools", "cut", "error-429"]));
    expect((await lister.models.retrieve("echo")).object).toBe("model");
    await expect(lister.models.retrieve("nothing")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it("raises the client's class for each error status", async () => {
    const classes = {
      "error-400": OpenAI.BadRequestError,
      "error-401": OpenAI.AuthenticationError,
      "error-403": OpenAI.PermissionDeniedError,
      "error-404": OpenAI.NotFoundError,
      "error-429": OpenAI.RateLimitError,
      "error-500": OpenAI.InternalServerError,
      "error-503": OpenAI.InternalServerError,
    };
    for (const [model, errorClass] of Object.entries(classes)) {
      await expect(client().chat.completions.create(ask(model)), model).rejects.toBeInstanceOf(errorClass);
    }
  });
});

describe("answers", () => {
  it("echo says what the user said, whole and in pieces", async () => {
    const answer = await openai.chat.completions.create(ask("mock/echo"));
    expect(answer.choices[0]?.message.content).toBe("Say hello, 🌍");
    expect(contentOf(await collect(openai, ask("mock/echo")))).toBe("Say hello, 🌍");
  });

  it("tools calls the tools of the request, whole and in pieces, and speaks after their result", async () => {
    const tools: OpenAI.ChatCompletionTool[] = ["first", "second"].map((name) => ({
      type: "function",
      function: { name, parameters: { type: "object", properties: { city: { type: "string" } } } },
    }));
    const answer = await openai.chat.completions.create(ask("mock/tools", undefined, { tools }));
    expect(answer.choices[0]?.finish_reason).toBe("tool_calls");
    expect(answer.choices[0]?.message.tool_calls).toMatchObject([
      { id: "call_mock0", function: { name: "first", arguments: '{"city":"text"}' } },
      { id: "call_mock1", function: { name: "second", arguments: '{"city":"text"}' } },
    ]);
    const runner = openai.chat.completions.stream({ ...ask("mock/tools", undefined, { tools }), stream: true });
    const message = await runner.finalMessage();
    expect(message.tool_calls).toMatchObject(answer.choices[0]?.message.tool_calls ?? []);
    const messages: Params["messages"] = [
      { role: "user", content: "?" },
      answer.choices[0]?.message ?? { role: "assistant" },
      { role: "tool", tool_call_id: "call_mock0", content: "sunny" },
    ];
    const after = await openai.chat.completions.create({ model: "mock/tools", messages, tools });
    expect(after.choices[0]?.finish_reason).toBe("stop");
  });

  it("any model fits a JSON schema", async () => {
    const schema = { type: "object", properties: { n: { type: "integer" }, s: { type: "string" } } };
    const format = { type: "json_schema", json_schema: { name: "x", schema } } as const;
    for (const model of ["gpt-4o", "mock/json"]) {
      const answer = await openai.chat.completions.create(ask(model, undefined, { response_format: format }));
      expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toEqual({ n: 1, s: "text" });
    }
  });

  it("headers says what arrived, and the mock keeps the bytes that arrived and that it sent", async () => {
    const params = ask("mock/headers", { text: "unused" });
    const answer = await openai.chat.completions.create(params, { headers: { "x-mine": "here" } });
    const seen = JSON.parse(answer.choices[0]?.message.content ?? "");
    expect(seen).toMatchObject({ "x-mine": "here", authorization: "Bearer sk-any" });
    const received = mock.received.at(-1);
    expect(JSON.parse(received?.body.toString() ?? "")).toEqual(params);
    expect(JSON.parse(Buffer.concat(received?.sent ?? []).toString()).choices).toEqual(answer.choices);
  });

  it("refusal refuses, whole and in pieces", async () => {
    const answer = await openai.chat.completions.create(ask("refusal"));
    expect(answer.choices[0]?.message).toMatchObject({ content: null, refusal: /help/ });
    const chunks = await collect(openai, ask("refusal"));
    const pieces = chunks.map((chunk) => chunk.choices[0]?.delta.refusal ?? "").join("");
    expect(pieces).toBe(answer.choices[0]?.message.refusal);
  });

  it.each(["odd-cuts", "crlf", "keep-alive", "no-done", "usage-every-chunk", "long-event", "big"])(
    "a client reads %s to its end",
    async (model) => {
      const chunks = await collect(openai, ask(model));
      const plain = await openai.chat.completions.create(ask(model));
      expect(contentOf(chunks)).toBe(plain.choices[0]?.message.content);
      expect(chunks.some((chunk) => chunk.choices[0]?.finish_reason === "stop")).toBe(true);
    },
  );
});

describe("errors and time", () => {
  it("an unknown key is refused, no key and any other are not", async () => {
    const bad = new OpenAI({ apiKey: "sk-invalid", baseURL: `${mock.url}/v1`, maxRetries: 0 });
    await expect(bad.chat.completions.create(ask("gpt-4o"))).rejects.toMatchObject({ code: "invalid_api_key" });
  });

  it("a 429 that lasts once is retried by the client after retry-after-ms", async () => {
    const patient = new OpenAI({ apiKey: "sk-any", baseURL: `${mock.url}/v1`, maxRetries: 1 });
    const options = { times: 1, key: "retry-once", retry_after_ms: 30 };
    const startedMs = performance.now();
    const answer = await patient.chat.completions.create(ask("mock/error-429", options));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
    expect(performance.now() - startedMs).toBeLessThan(450);
    expect(answer.usage?.total_tokens).toBe(15);
    expect(mock.received.at(-1)?.headers["x-stainless-retry-count"]).toBe("1");
  });

  it("an error event after 200 is raised after the chunks before it", async () => {
    const chunks: unknown[] = [];
    const stream = await openai.chat.completions.create({ ...ask("error-event"), stream: true });
    const read = async () => {
      for await (const chunk of stream) chunks.push(chunk);
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(chunks).toHaveLength(2);
  });

  it("an aborted stream ends the work and is seen as a client that left", async () => {
    const params = { ...ask("mock/stream", { tokens: 1000, tokens_per_second: 100 }), stream: true as const };
    const stream = await openai.chat.completions.create(params);
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    stream.controller.abort();
    await expect.poll(() => mock.received.at(-1)?.outcome).toBe("client-gone");
    const { sentBytes } = mock.received.at(-1) ?? { sentBytes: 0 };
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(mock.received.at(-1)?.sentBytes).toBe(sentBytes);
  });

  it("timeout never answers, and a client's own deadline ends it", async () => {
    const call = openai.chat.completions.create(ask("mock/timeout"), { timeout: 50 });
    await expect(call).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    await expect.poll(() => mock.received.at(-1)?.outcome).toBe("client-gone");
    expect(mock.received.at(-1)?.status).toBeNull();
  });

  it("slow-first-byte takes 300 ms, or as long as asked for", async () => {
    for (const [options, leastMs] of [
      [undefined, 295],
      [{ delay_ms: 40 }, 38],
    ] as const) {
      const startedMs = performance.now();
      await openai.chat.completions.create(ask("mock/slow-first-byte", options));
      expect(performance.now() - startedMs).toBeGreaterThan(leastMs);
    }
  });

  it("a client that leaves during a wait gets nothing written", async () => {
    const call = openai.chat.completions.create(ask("mock/slow-first-byte", { delay_ms: 80 }), { timeout: 30 });
    await expect(call).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(mock.received.at(-1)).toMatchObject({ status: null, sentBytes: 0, outcome: "client-gone" });
  });

  it("stream keeps its pace without drifting", async () => {
    const startedMs = performance.now();
    const chunks = await collect(openai, ask("mock/stream", { tokens: 400, tokens_per_second: 2000 }));
    const tookMs = performance.now() - startedMs;
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.content)).toHaveLength(400);
    expect(tookMs).toBeGreaterThan(190);
    expect(tookMs).toBeLessThan(400);
  });
});
