// The mock provider's faults and framing seen on a raw socket: a client library would hide what is checked here.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";

let mock: MockProvider;

beforeAll(async () => {
  mock = await startMockProvider({ shape: "both", port: 0 });
});

afterAll(() => mock.close());

type Seen = { head: string; body: string; reads: Buffer[]; closedByServer: boolean };

function bodyFor(model: string, fields: object = {}): string {
  return JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }], ...fields });
}

/** Sends one POST and reads until the server closes the connection or nothing has come for `quietMs`. */
function post(path: string, body: string, quietMs = 100, headers = ""): Promise<Seen> {
  return new Promise((resolve) => {
    const reads: Buffer[] = [];
    const socket = connect(mock.port, "127.0.0.1", () => {
      const length = Buffer.byteLength(body);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: mock\r\nContent-Length: ${length}\r\n${headers}\r\n${body}`);
    });
    const finish = (closedByServer: boolean) => {
      socket.destroy();
      const [head = "", ...rest] = Buffer.concat(reads).toString("latin1").split("\r\n\r\n");
      resolve({ head, body: rest.join("\r\n\r\n"), reads, closedByServer });
    };
    socket.setTimeout(quietMs, () => finish(false));
    socket.on("data", (piece) => reads.push(piece));
    socket.on("error", () => finish(true));
    socket.on("end", () => finish(true));
  });
}

const chat = "/v1/chat/completions";
const lastChunk = "\r\n0\r\n\r\n";
const contentChunks = (seen: Seen) => seen.body.match(/"content":"[^"]/g)?.length ?? 0;

describe("streams on the wire", () => {
  it("the canned stream is chunked, ends properly and leaves the connection open", async () => {
    const seen = await post(chat, bodyFor("gpt-4o", { stream: true }));
    expect(seen.head).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(seen.head.toLowerCase()).toContain("content-type: text/event-stream; charset=utf-8");
    expect(seen.head.toLowerCase()).toContain("transfer-encoding: chunked");
    expect(contentChunks(seen)).toBe(4);
    expect(seen.body.endsWith(`data: [DONE]\n\n${lastChunk}`)).toBe(true);
    expect(seen.closedByServer).toBe(false);
  });

  it("cut breaks the connection after two content chunks, without the last HTTP chunk", async () => {
    const seen = await post(chat, bodyFor("cut", { stream: true }), 1000);
    expect(contentChunks(seen)).toBe(2);
    expect(seen.closedByServer).toBe(true);
    expect(seen.body.endsWith("0\r\n\r\n")).toBe(false);
    await expect.poll(() => mock.received.at(-1)?.outcome).toBe("cut");
  });

  it("cut with close_delimited looks like a clean end", async () => {
    const seen = await post(chat, bodyFor("cut", { stream: true, mock: { close_delimited: true } }), 1000);
    expect(seen.head.toLowerCase()).not.toMatch(/transfer-encoding|content-length/);
    expect(seen.head.toLowerCase()).toContain("connection: close");
    expect(contentChunks(seen)).toBe(2);
    expect(seen.body.endsWith("\n\n")).toBe(true);
    expect(seen.closedByServer).toBe(true);
  });

  it("end-early and no-done end the HTTP body properly", async () => {
    for (const model of ["end-early", "no-done"]) {
      const seen = await post(chat, bodyFor(model, { stream: true }));
      expect(seen.body.endsWith(lastChunk)).toBe(true);
      expect(seen.body).not.toContain("[DONE]");
    }
  });

  it("odd-cuts arrives in many pieces, each an HTTP chunk of its own", async () => {
    const seen = await post(chat, bodyFor("odd-cuts", { stream: true, mock: { piece_bytes: 16 } }));
    const sizes = seen.body.match(/(?:^|\r\n)[0-9a-f]+\r\n/g) ?? [];
    expect(sizes.length).toBeGreaterThan(90);
    expect(seen.reads.length).toBeGreaterThan(40);
  });

  it("first_event_ms sends the head at once and the first event later", async () => {
    const seen = await post(chat, bodyFor("gpt-4o", { stream: true, mock: { first_event_ms: 50 } }), 200);
    expect(seen.reads[0]?.toString()).toMatch(/^HTTP[^]*\r\n\r\n$/);
    expect(contentChunks(seen)).toBe(4);
  });
});

describe("plain answers on the wire", () => {
  it("cut promises a length, sends half of it and breaks", async () => {
    const seen = await post(chat, bodyFor("cut"), 1000);
    const length = Number(/content-length: (\d+)/i.exec(seen.head)?.[1]);
    expect(seen.body).toHaveLength(Math.ceil(length / 2));
    expect(seen.closedByServer).toBe(true);
  });

  it("cut-before breaks before any byte", async () => {
    const seen = await post(chat, bodyFor("cut-before"), 1000);
    expect(seen).toMatchObject({ head: "", closedByServer: true });
  });

  it("timeout sends nothing and keeps the connection", async () => {
    expect(await post(chat, bodyFor("timeout"))).toMatchObject({ head: "", closedByServer: false });
  });

  it("keep-alive sends blank lines before the JSON", async () => {
    expect((await post(chat, bodyFor("keep-alive"))).body).toMatch(/^\n\n\{/);
  });

  it("a 429 says when to come back", async () => {
    const seen = await post(chat, bodyFor("error-429", { mock: { retry_after_ms: 1500 } }));
    expect(seen.head).toContain("retry-after-ms: 1500");
    expect(seen.head).toContain("retry-after: 2");
    expect(seen.head).toContain("x-ratelimit-remaining-requests: 0");
  });

  it("times counts by key and then gives the canned answer", async () => {
    const body = bodyFor("cut-before", { mock: { times: 2, key: "wire" } });
    const heads: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) heads.push((await post(chat, body)).head.slice(0, 12));
    expect(heads).toEqual(["", "", "HTTP/1.1 200"]);
  });
});

describe("what is refused", () => {
  it.each([
    ["malformed JSON", chat, '{"model":', 400, "invalid_request_error"],
    ["an unknown path", "/v1/nothing", "{}", 404, "Invalid URL (POST /v1/nothing)"],
    ["a wrong method", "/v1/models", "{}", 405, "Not allowed to POST"],
    ["a classic Azure path without version", "/openai/deployments/x/chat/completions", "{}", 404, '"code":"404"'],
    [
      "stream_options in an old Azure version",
      "/openai/deployments/x/chat/completions?api-version=2024-06-01",
      bodyFor("x", { stream: true, stream_options: { include_usage: true } }),
      400,
      "Unrecognized request argument supplied: stream_options",
    ],
    [
      "an Azure 429",
      "/openai/deployments/error-429/chat/completions?api-version=2024-10-21",
      bodyFor("x"),
      429,
      '"code":"429"',
    ],
  ])("%s", async (_, path, body, status, text) => {
    const seen = await post(path, body);
    expect(seen.head.slice(9, 12)).toBe(String(status));
    expect(seen.body).toContain(text);
    expect(JSON.parse(seen.body)).toHaveProperty("error.message");
  });

  it("the key sk-invalid, in either header", async () => {
    for (const header of ["Authorization: Bearer sk-invalid\r\n", "api-key: sk-invalid\r\n"]) {
      expect((await post(chat, bodyFor("gpt-4o"), 100, header)).head).toContain(" 401 ");
    }
  });
});

describe("life of the server", () => {
  it("close breaks open answers and returns", async () => {
    const other = await startMockProvider({ shape: "openai", port: 0 });
    const call = fetch(`${other.url}${chat}`, { method: "POST", body: bodyFor("timeout") });
    call.catch(() => undefined);
    await expect.poll(() => other.received.length).toBe(1);
    await other.close();
    await expect(call).rejects.toThrow();
  });

  it("keeps no more requests than it was told", async () => {
    const other = await startMockProvider({ shape: "openai", port: 0, receivedMax: 2 });
    for (const path of ["/1", "/2", "/3"]) await (await fetch(other.url + path)).text();
    expect(other.received.map((received) => received.path)).toEqual(["/2", "/3"]);
    await other.close();
  });

  it("a taken port is an error", async () => {
    await expect(startMockProvider({ shape: "openai", port: mock.port })).rejects.toThrow("EADDRINUSE");
  });
});
