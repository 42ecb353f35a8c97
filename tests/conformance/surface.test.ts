// What the endpoints beside chat leave in the record, and what Loom adds to them: usage by format, keys that read on
// when their client leaves, uploads that are larger than what is held, providers named where no model is.
import { request } from "node:http";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { readTrace } from "../support/traces.js";

describeWithDatabase("the surface", () => {
  let mock: MockProvider;
  let second: MockProvider;
  let gateway: TestGateway;
  let client: OpenAI;

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0 });
    second = await startMockProvider({ shape: "openai", port: 0 });
    gateway = await startTestGateway({ OPENAI_API_KEY: "sk-upstream", OPENAI_BASE_URL: `${mock.url}/v1` });
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([mock.close(), second.close()]);
  });

  const traceOf = (response: Response) => readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
  const sound = () => toFile(Buffer.from("RIFF"), "a.wav");

  test("has usage and cost of each format that reports them", async () => {
    const asked: readonly [string, () => Promise<Response>, object][] = [
      [
        "/v1/embeddings",
        () => client.embeddings.create({ model: "text-embedding-3-small", input: "a" }).asResponse(),
        { prompt_tokens: 4, completion_tokens: 0, total_tokens: 4, estimated_cost_usd: "0.0000000800" },
      ],
      [
        "/v1/responses",
        () => client.responses.create({ model: "gpt-4o-mini", input: "a" }).asResponse(),
        { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 2, reasoning_tokens: 1, finish_reason: "completed" },
      ],
      [
        "/v1/responses",
        () => client.responses.create({ model: "gpt-4o-mini", input: "a", stream: true }).asResponse(),
        { total_tokens: 15, streamed: true, outcome: "complete", response_model: "gpt-4o-mini" },
      ],
      [
        "/v1/audio/transcriptions",
        async () =>
          client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await sound() }).asResponse(),
        { prompt_tokens: 14, completion_tokens: 5 },
      ],
      [
        "/v1/audio/transcriptions",
        async () => client.audio.transcriptions.create({ model: "whisper-1", file: await sound() }).asResponse(),
        { prompt_tokens: null, estimated_cost_usd: "0.0003000000" },
      ],
      [
        "/v1/images/generations",
        () => client.images.generate({ model: "gpt-image-1", prompt: "a" }).asResponse(),
        { prompt_tokens: 50, completion_tokens: 100, total_tokens: 150 },
      ],
    ];
    for (const [endpoint, call, expected] of asked) {
      const response = await call();
      await response.arrayBuffer();
      const trace = await traceOf(response);
      expect(trace).toMatchObject({ endpoint, usage_source: "provider", ...expected });
      expect(Number(trace["estimated_cost_usd"])).toBeGreaterThan(0);
    }
  });

  test("has a row without usage of every other call, under its template", async () => {
    for (const [call, endpoint, model] of [
      [() => client.files.retrieve("file-1").asResponse(), "/v1/files/{id}", null],
      [() => client.responses.retrieve("resp_1").asResponse(), "/v1/responses/{id}", null],
      [() => client.models.retrieve("openai/gpt-4o-mini").asResponse(), "/v1/models/{model}", "openai/gpt-4o-mini"],
      [() => client.vectorStores.create({}).asResponse(), "/v1/*", null],
    ] as const) {
      const response = await call();
      await response.arrayBuffer();
      expect(await traceOf(response)).toMatchObject({ endpoint, model, usage_source: "none", outcome: "complete" });
    }
    expect(mock.received.some(({ path }) => path === "/v1/models/gpt-4o-mini")).toBe(true);
  });

  test("counts a response made in the background once: with the first reading that shows its usage", async () => {
    const readAgain = () => client.responses.retrieve(made.id).asResponse();
    const { data: made, response } = await client.responses
      .create({ model: "gpt-4o-mini", input: "a", background: true })
      .withResponse();
    expect(made.status).toBe("queued");
    // Its row is there: from now on it is known.
    expect(await traceOf(response)).toMatchObject({ usage_source: "none", finish_reason: "queued" });
    const first = await readAgain();
    await first.arrayBuffer();
    expect(await traceOf(first)).toMatchObject({
      endpoint: "/v1/responses/{id}",
      usage_source: "provider",
      response_model: "gpt-4o-mini",
      prompt_tokens: 10,
      completion_tokens: 5,
      finish_reason: "completed",
      estimated_cost_usd: expect.stringMatching(/[1-9]/),
    });
    // Whichever lane they come to.
    for (let again = 0; again < 4; again += 1) {
      const later = await readAgain();
      await later.arrayBuffer();
      expect(await traceOf(later)).toMatchObject({ usage_source: "none", total_tokens: null, outcome: "complete" });
    }
    const { rows } = await gateway.pool.query(
      "SELECT sum(total_tokens)::int AS n FROM loom.traces WHERE endpoint = '/v1/responses/{id}'",
    );
    expect(rows[0].n).toBe(15);
  });

  test("says which library asked, and what other gateways' headers say, and sends none of it on", async () => {
    const headers = { "helicone-user-id": "u-1", "x-litellm-tags": "a,b", "cf-aig-metadata": '{"team":"x"}' };
    const response = await client.moderations.create({ input: "a" }, { headers }).asResponse();
    await response.arrayBuffer();
    const trace = await traceOf(response);
    expect(trace).toMatchObject({ end_user: "u-1", tags: ["loom.client=openai-js/6.49.0", "a", "b", "team=x"] });
    const sent = Object.keys(mock.received.at(-1)?.headers ?? {});
    expect(sent.filter((name) => /^(x-stainless|helicone|x-litellm|cf-aig|x-loom)/.test(name))).toEqual([]);
  });

  test("takes its key in x-goog-api-key too", async () => {
    const response = await fetch(`${gateway.url}/v1/files`, { headers: { "x-goog-api-key": gateway.key } });
    expect(response.status).toBe(200);
    expect(mock.received.at(-1)?.headers).not.toHaveProperty("x-goog-api-key");
  });

  test("asks the provider that the client names where no model says one", async () => {
    const args = ["provider", "set", "other", "--tenant", "demo", "--kind", "openai-compatible"];
    expect((await gateway.loom([...args, "--base-url", `${second.url}/v1`])).code).toBe(0);
    await expect
      .poll(async () => {
        const headers = { authorization: `Bearer ${gateway.key}`, "x-loom-provider": "other" };
        const response = await fetch(`${gateway.url}/v1/files/file-2?a=%20b`, { headers });
        await response.arrayBuffer();
        return second.received.at(-1)?.path;
      })
      .toBe("/v1/files/file-2?a=%20b");
    const lost = { authorization: `Bearer ${gateway.key}`, "x-loom-provider": "nobody" };
    expect((await fetch(`${gateway.url}/v1/files`, { headers: lost })).status).toBe(400);
  });

  test("passes an upload on while it comes, when it is larger than what is held", async () => {
    const bytes = 40 * 1024 * 1024;
    const file = Buffer.alloc(bytes, "0123456789abcdef\r\n--");
    const form = new FormData();
    form.set("purpose", "batch");
    form.set("file", new Blob([file]), "large.jsonl");
    const headers = { authorization: `Bearer ${gateway.key}` };
    const whole = Buffer.from(await new Response(form).arrayBuffer());
    const type = `multipart/form-data; boundary=${whole.toString("latin1", 2, whole.indexOf("\r\n"))}`;
    const sent = await fetch(`${gateway.url}/v1/files`, {
      method: "POST",
      headers: { ...headers, "content-type": type },
      body: whole,
    });
    expect(await sent.json()).toMatchObject({ filename: "large.jsonl", bytes });
    const received = mock.received.at(-1);
    expect(received?.body.equals(whole)).toBe(true);
    expect(received?.headers["content-length"]).toBe(String(whole.length));
    const trace = await traceOf(sent);
    expect(trace).toMatchObject({ outcome: "complete", capture_truncated: true, request_bytes: String(whole.length) });
  });

  /** Leaves a stream after its first bytes. */
  function leaveEarly(key: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const asked = request(`${gateway.url}/v1/chat/completions`, { method: "POST", headers }, (response) => {
        response.once("data", () => {
          resolve(String(response.headers["x-loom-trace-id"]));
          asked.destroy();
        });
      });
      asked.on("error", reject);
      const messages = [{ role: "user", content: "hi" }];
      asked.end(
        JSON.stringify({ model: "stream", stream: true, messages, mock: { tokens: 20, tokens_per_second: 40 } }),
      );
    });
  }

  test("reads on to the usage when the key says so, and stops the provider when it does not", async () => {
    const made = await gateway.loom(["key", "create", "--tenant", "demo", "--on-disconnect", "drain", "--json"]);
    const { key } = JSON.parse(made.stdout) as { key: string };
    const drained = await readTrace(gateway.pool, await leaveEarly(key));
    expect(drained).toMatchObject({ outcome: "aborted", error_code: "client_gone", usage_source: "provider" });
    expect(drained).toMatchObject({ completion_tokens: 20 });
    expect(mock.received.at(-1)?.outcome).toBe("ended");
    const cancelled = await readTrace(gateway.pool, await leaveEarly(gateway.key));
    expect(cancelled).toMatchObject({ outcome: "aborted", error_code: "client_gone", usage_source: "none" });
    expect(mock.received.at(-1)?.outcome).toBe("client-gone");
  });

  test("is tested and examined from the command line", async () => {
    const good = await gateway.loom(["provider", "test", "--json"]);
    expect(JSON.parse(good.stdout)).toMatchObject([{ name: "openai", state: "ok", status: 200 }]);
    expect(good.code).toBe(0);
    const asked = await gateway.loom(["provider", "test", "openai", "--model", "error-401", "--json"]);
    expect(JSON.parse(asked.stdout)).toMatchObject([{ state: "failed", status: 401 }]);
    expect(asked.code).toBe(1);
    const tenants = await gateway.loom(["provider", "test", "--tenant", "demo"]);
    expect(tenants.stdout).toMatch(/other .*ok/);
    expect((await gateway.loom(["provider", "test", "nobody"])).code).toBe(1);

    const doctor = await gateway.loom(["doctor", "--json"]);
    const { healthy, checks } = JSON.parse(doctor.stdout) as {
      healthy: boolean;
      checks: { name: string; state: string }[];
    };
    expect(checks.filter(({ state }) => state === "fail")).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      ...["node", "home", "front end", "port", "master keys", "database", "open files", "collector", "provider openai"],
    ]);
    expect({ healthy, code: doctor.code }).toEqual({ healthy: true, code: 0 });
    expect((await gateway.loom(["doctor", "--offline"])).stdout).toMatch(/doctor \d\/9/);
  });
});
