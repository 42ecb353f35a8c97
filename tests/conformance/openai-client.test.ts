// The official client through Loom, unchanged but for its base URL and key.
import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { readTrace } from "../support/traces.js";

const messages = [{ role: "user" as const, content: "Say hello." }];

describeWithDatabase("the official client through Loom", () => {
  let mock: MockProvider;
  let gateway: TestGateway;
  let client: OpenAI;

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0 });
    gateway = await startTestGateway({ OPENAI_API_KEY: "sk-upstream", OPENAI_BASE_URL: `${mock.url}/v1` });
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
  });
  afterAll(async () => {
    await gateway.close();
    await mock.close();
  });

  test("gets a plain answer with its usage", async () => {
    const answer = await client.chat.completions.create({ model: "gpt-4o-mini", messages });
    expect(answer.choices[0]?.message.content).toBe("Hello from the mock.");
    expect(answer.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 });
  });

  test("sees the trace id and the request id of the answer", async () => {
    const { response, request_id: requestId } = await client.chat.completions
      .create({ model: "gpt-4o-mini", messages })
      .withResponse();
    expect(response.headers.get("x-loom-trace-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("x-loom-provider")).toBe("openai");
    expect(Number(response.headers.get("x-loom-overhead-ms"))).toBeGreaterThan(0);
    expect(requestId).toMatch(/^req_/);
  });

  test("gets a stream of four content chunks and its end, without the usage chunk that it did not ask for", async () => {
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await client.chat.completions.create({ model: "gpt-4o-mini", messages, stream: true })) {
      chunks.push(chunk);
    }
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.content)).toHaveLength(4);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.every((chunk) => chunk.choices.length > 0)).toBe(true);
    expect(JSON.parse(mock.received.at(-1)?.body.toString() ?? "{}")).toMatchObject({
      stream_options: { include_usage: true },
    });
  });

  test("gets the usage chunk when it asked for it", async () => {
    const stream = await client.chat.completions.create({
      model: "gpt-4o-mini",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) usage = chunk.usage ?? usage;
    expect(usage?.total_tokens).toBe(15);
  });

  test("gets tool calls, plain and in pieces", async () => {
    const tools: OpenAI.ChatCompletionTool[] = [
      {
        type: "function",
        function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
      },
    ];
    const plain = await client.chat.completions.create({ model: "mock/tools", messages, tools });
    expect(plain.choices[0]?.finish_reason).toBe("tool_calls");
    let args = "";
    for await (const chunk of await client.chat.completions.create({
      model: "mock/tools",
      messages,
      tools,
      stream: true,
    })) {
      args += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? "";
    }
    expect(() => JSON.parse(args) as unknown).not.toThrow();
  });

  test("gets an object that fits a JSON schema", async () => {
    const answer = await client.chat.completions.create({
      model: "gpt-4o-mini",
      messages,
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "city",
          strict: true,
          schema: {
            type: "object",
            properties: { name: { type: "string" } },
            required: ["name"],
            additionalProperties: false,
          },
        },
      },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toHaveProperty("name");
  });

  test.each([
    ["error-400", BadRequestError],
    ["error-401", AuthenticationError],
    ["error-429", RateLimitError],
    ["error-500", InternalServerError],
  ])("raises its own class for the provider's %s", async (model, errorClass) => {
    await expect(client.chat.completions.create({ model, messages })).rejects.toBeInstanceOf(errorClass);
  });

  test("raises its own classes for Loom's refusals, with Loom's codes", async () => {
    const stranger = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: "sk-loom-0000000000-nobody0123456789",
      maxRetries: 0,
    });
    const unknown = await stranger.chat.completions
      .create({ model: "gpt-4o", messages })
      .catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(AuthenticationError);
    expect((unknown as APIError).code).toBe("invalid_api_key");
    const lost = await client.chat.completions
      .create({ model: "azure-openai/gpt-4o", messages })
      .catch((error: unknown) => error);
    expect((lost as APIError).code).toBe("provider_not_configured");
    await expect(client.get("/nothing/here")).rejects.toBeInstanceOf(NotFoundError);
  });

  test("retries a 429 after retry-after-ms and succeeds", async () => {
    const patient = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 2 });
    const before = mock.received.length;
    const request = { model: "error-429", messages, mock: { times: 1, key: "retry-once", retry_after_ms: 20 } };
    const answer = await patient.chat.completions.create(request as OpenAI.ChatCompletionCreateParamsNonStreaming);
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    expect(mock.received.length - before).toBe(2);
  });

  test("can leave a stream, which stops the provider at once and leaves an aborted trace", async () => {
    const request = { model: "stream", messages, stream: true, mock: { tokens: 100, tokens_per_second: 50 } };
    const { data: stream, response } = await client.chat.completions
      .create(request as unknown as OpenAI.ChatCompletionCreateParamsStreaming)
      .withResponse();
    let seen = 0;
    for await (const _chunk of stream) {
      seen += 1;
      if (seen === 3) break;
    }
    const trace = await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
    expect(trace).toMatchObject({
      outcome: "aborted",
      error_code: "client_gone",
      status_code: 200,
      usage_source: "none",
    });
    expect(mock.received.at(-1)?.outcome).toBe("client-gone");
  });

  test("raises an error, not a clean end, when the provider breaks off mid-stream", async () => {
    const stream = await client.chat.completions.create({ model: "mock/cut", messages, stream: true });
    let text = "";
    const reading = (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    })();
    await expect(reading).rejects.toBeInstanceOf(APIError);
    expect(text).toBe("Hello from");
  });

  test("lists models, its own provider's with bare names", async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain("gpt-4o-mini");
    expect(ids).toContain("mock/echo");
  });
});
