// Streams stay streams: each event reaches the client when the provider sent it, a slow client slows the provider
// down instead of filling Loom's memory, and what was cut oddly on the way arrives whole.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";

describeWithDatabase("a stream through Loom", () => {
  let mock: MockProvider;
  let gateway: TestGateway;

  beforeAll(async () => {
    mock = await startMockProvider({ shape: "openai", port: 0 });
    gateway = await startTestGateway({ OPENAI_API_KEY: "sk-upstream", OPENAI_BASE_URL: `${mock.url}/v1` });
  });
  afterAll(async () => {
    await gateway.close();
    await mock.close();
  });

  function post(body: object): Promise<Response> {
    return fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ stream: true, messages: [{ role: "user", content: "hi" }], ...body }),
    });
  }

  test("brings the first event long before the last one, and each as it is sent", async () => {
    const response = await post({ model: "stream", mock: { tokens: 10, tokens_per_second: 20 } });
    const arrivals: number[] = [];
    for await (const _bytes of response.body ?? []) arrivals.push(performance.now());
    const [first = 0] = arrivals;
    const last = arrivals.at(-1) ?? 0;
    expect(arrivals.length).toBeGreaterThanOrEqual(10);
    expect(last - first).toBeGreaterThan(350);
    const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(150);
  });

  test("pauses the provider for a client that does not read, and delivers everything when it reads again", async () => {
    const bytes = 24 * 1024 * 1024;
    const body = JSON.stringify({ model: "big", stream: true, messages: [], mock: { bytes } });
    const { port } = new URL(gateway.url);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.key}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const socket = connect({ port: Number(port), host: "127.0.0.1" });
    socket.write(head + body);
    socket.pause();
    await sleep(1500);
    const sentWhilePaused = mock.received.at(-1)?.sentBytes ?? 0;
    // What the kernel's buffers of both connections hold, and no more.
    expect(sentWhilePaused).toBeLessThan(16 * 1024 * 1024);
    let seen = 0;
    let tail = "";
    socket.on("data", (part) => {
      seen += part.length;
      tail = (tail + part.toString("latin1")).slice(-200);
    });
    socket.resume();
    await new Promise((resolve) => {
      const timer = setInterval(() => {
        if (!tail.includes("[DONE]")) return;
        clearInterval(timer);
        resolve(null);
      }, 20);
    });
    socket.destroy();
    expect(seen).toBeGreaterThan(bytes);
  });

  test("ends for a slow client too when the provider has nothing more to send", async () => {
    // The tail of a stream must not stay in a buffer until something else is written.
    const body = JSON.stringify({ model: "big", stream: true, messages: [], mock: { bytes: 8 * 1024 * 1024 } });
    const { port } = new URL(gateway.url);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.key}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    for (let round = 0; round < 3; round += 1) {
      const socket = connect({ port: Number(port), host: "127.0.0.1" });
      socket.write(head + body);
      let tail = "";
      socket.on("data", (part) => {
        tail = (tail + part.toString("latin1")).slice(-64);
        socket.pause();
        setTimeout(() => socket.resume(), 2);
      });
      const deadline = Date.now() + 20_000;
      while (!tail.endsWith("0\r\n\r\n") && Date.now() < deadline) await sleep(20);
      expect(tail.endsWith("0\r\n\r\n")).toBe(true);
      socket.destroy();
    }
  });

  test("holds 200 streams at once, each whole", async () => {
    const texts = await Promise.all(
      Array.from({ length: 200 }, async () =>
        (await post({ model: "stream", mock: { tokens: 10, tokens_per_second: 20 } })).text(),
      ),
    );
    for (const text of texts) expect(text.match(/"finish_reason":"stop"/g)).toHaveLength(1);
    expect(texts.every((text) => text.trimEnd().endsWith("[DONE]"))).toBe(true);
  });
});
