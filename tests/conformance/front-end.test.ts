// The rules of the front end on raw sockets: what is refused, with what, and that nothing of it reaches a provider.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";
import { sendRaw } from "../support/raw-http.js";

describeWithDatabase("the front end", () => {
  let mock: MockProvider;
  let gateway: TestGateway;
  const body = '{"model":"gpt-4o-mini","messages":[]}';

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0 });
    gateway = await startTestGateway({ OPENAI_API_KEY: "sk-upstream", OPENAI_BASE_URL: `${mock.url}/v1` });
  });
  afterAll(async () => {
    await gateway.close();
    await mock.close();
  });

  function chat(lines: readonly string[], sent = body): string {
    const head = [
      "POST /v1/chat/completions HTTP/1.1",
      "Host: x",
      `Authorization: Bearer ${gateway.key}`,
      "Content-Type: application/json",
    ];
    return `${[...head, ...lines].join("\r\n")}\r\n\r\n${sent}`;
  }

  test.each<[string, () => string, RegExp]>([
    ["two Hosts", () => chat(["Host: y", `Content-Length: ${body.length}`]), /^HTTP\/1\.1 400/],
    [
      "two different Content-Lengths",
      () => chat([`Content-Length: ${body.length}`, "Content-Length: 3"]),
      /^HTTP\/1\.1 400/,
    ],
    [
      "two Authorizations",
      () => chat(["Authorization: Bearer x", `Content-Length: ${body.length}`]),
      /^HTTP\/1\.1 400/,
    ],
    [
      "a Content-Length with a Transfer-Encoding",
      () => chat([`Content-Length: ${body.length}`, "Transfer-Encoding: chunked"]),
      /^HTTP\/1\.1 400/,
    ],
    [
      "a chunked body",
      () => chat(["Transfer-Encoding: chunked"], `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
      /^HTTP\/1\.1 411/,
    ],
    ["a Content-Length that is no number", () => chat(["Content-Length: 1e2"]), /^HTTP\/1\.1 400/],
    ["a body over the bound", () => chat(["Content-Length: 33554433"], ""), /^HTTP\/1\.1 413/],
    ["a path with high bytes", () => "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400/],
    ["a path with dot segments", () => "GET /v1/../x HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400/],
    ["an empty Host", () => "GET /v1/models HTTP/1.1\r\nHost: \r\n\r\n", /^HTTP\/1\.1 400/],
    ["no Host", () => "GET /v1/models HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400/],
    ["bare LF in the head", () => "GET /v1/models HTTP/1.1\nHost: x\n\n", /^(HTTP\/1\.1 (400|505)|$)/],
    [
      "a header that is folded",
      () => "GET /v1/models HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
      /^(HTTP\/1\.1 400|$)/,
    ],
  ])("refuses %s and closes the connection", async (_name, request, expected) => {
    const before = mock.received.length;
    const answer = await sendRaw(gateway.url, [request()]);
    expect(answer.text).toMatch(expected);
    expect(answer.closed).toBe(true);
    expect(mock.received.length).toBe(before);
  });

  test("refuses in the shape of OpenAI's errors", async () => {
    const { text } = await sendRaw(gateway.url, [chat(["Transfer-Encoding: chunked"], "0\r\n\r\n")]);
    expect(JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4))).toMatchObject({
      error: { code: "length_required", type: "invalid_request_error" },
    });
  });

  test("takes a request cut at any place of its head and body", async () => {
    const request = chat([`Content-Length: ${body.length}`]);
    const cuts = [1, 5, 30, 60, request.indexOf("\r\n\r\n") + 2, request.length - 10];
    const answers = await Promise.all(
      cuts.map((cut) => sendRaw(gateway.url, [request.slice(0, cut), request.slice(cut)], 2000)),
    );
    for (const answer of answers) expect(answer.text).toMatch(/^HTTP\/1\.1 200/);
  });

  test("forwards nothing before the last byte of the body has arrived", async () => {
    const before = mock.received.length;
    await sendRaw(gateway.url, [chat([`Content-Length: ${body.length}`]).slice(0, -1)]);
    expect(mock.received.length).toBe(before);
  });

  test("takes headers of 16 KB", async () => {
    const answer = await sendRaw(
      gateway.url,
      [chat([`X-Long: ${"a".repeat(16_000)}`, `Content-Length: ${body.length}`])],
      2000,
    );
    expect(answer.text).toMatch(/^HTTP\/1\.1 200/);
  });

  test("answers one request after the other on one connection", async () => {
    const request = chat([`Content-Length: ${body.length}`]);
    const { port } = new URL(gateway.url);
    expect(Number(port)).toBeGreaterThan(0);
    const { text } = await sendRaw(gateway.url, [request, "", "", "", "", "", request], 600);
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  test("answers health pages without a key, and 404 and 405 with a hint elsewhere", async () => {
    const page = async (path: string, method = "GET"): Promise<[number, string]> => {
      const response = await fetch(`${gateway.url}${path}`, { method });
      return [response.status, await response.text()];
    };
    expect(await page("/healthz")).toEqual([200, '{"status":"ok"}']);
    const [status, ready] = await page("/readyz");
    expect(status).toBe(200);
    expect(JSON.parse(ready)).toMatchObject({ status: "ready", checks: { database: "up" } });
    expect(await page("/nothing")).toEqual([404, expect.stringContaining('"not_found"')]);
    expect(await page("/v1/chat/completions")).toEqual([401, expect.stringContaining("missing_api_key")]);
  });

  test("asks for a key, and says how to send it", async () => {
    const response = await fetch(`${gateway.url}/v1/models`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: "missing_api_key" } });
  });
});
