// The bounds that keep one client, or all of them together, from taking the gateway's memory.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startMockProvider } from "../../../mock/mock-provider.js";
import { BytesInFlight } from "../../../src/bytes-in-flight.js";
import type { Exchange } from "../../../src/listen/exchange.js";
import { describeWithDatabase } from "../../support/database.js";
import { startTestGateway } from "../../support/gateway.js";
import { readTrace } from "../../support/traces.js";
import { frontEndNames, openWire, Talk } from "../../support/wire.js";

const post = (body: string): string =>
  `POST /v1/x HTTP/1.1\r\nHost: loom\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const get = "GET /healthz HTTP/1.1\r\nHost: loom\r\n\r\n";

describe.each(frontEndNames)("the front end %s", (name) => {
  test("refuses what is above its number of exchanges with 503 and retry-after, and takes it again afterwards", async () => {
    const held: Exchange[] = [];
    const wire = await openWire(name, {
      exchangesMax: 2,
      onExchange: (exchange) => {
        if (exchange.path === "/healthz") exchange.reply.send(200, [], "ok");
        else held.push(exchange);
      },
    });
    const talks = [1, 2, 3].map(() => new Talk(wire.port));
    for (const [at, talk] of talks.entries()) {
      await talk.write([post("{}")]);
      await expect.poll(() => held.length + wire.refused.length).toBe(at + 1);
    }
    const refused = await talks[2]?.answers();
    expect(refused?.[0]).toMatchObject({ status: 503, body: expect.stringContaining('"overloaded"') });
    expect(refused?.[0]?.headers.get("retry-after")).toBe("1");
    const health = new Talk(wire.port);
    await health.write([get]);
    expect((await health.answers())[0]?.status).toBe(200);
    for (const { reply } of held.splice(0)) reply.send(200, [], "done");
    await expect.poll(() => wire.open).toBe(0);
    const next = new Talk(wire.port);
    await next.write([post("{}")]);
    await expect.poll(() => held.length).toBe(1);
    wire.close();
  });

  test("refuses a body for which all bodies together leave no room, and counts each until its answer has ended", async () => {
    const bytes = new BytesInFlight(50_000);
    const held: Exchange[] = [];
    const wire = await openWire(name, { heldBytes: bytes, onExchange: (exchange) => held.push(exchange) });
    const talks = [1, 2].map(() => new Talk(wire.port));
    await talks[0]?.write([post("x".repeat(40_000))]);
    await expect.poll(() => held.length).toBe(1);
    expect(bytes.bytes).toBe(40_000);
    await talks[1]?.write([post("x".repeat(40_000))]);
    expect((await talks[1]?.answers())?.[0]).toMatchObject({
      status: 503,
      body: expect.stringContaining("overloaded"),
    });
    await expect.poll(() => bytes.bytes).toBe(40_000);
    held[0]?.reply.send(200, [], "done");
    expect(bytes.bytes).toBe(0);
    wire.close();
  });

  test("hands over an upload that is too large to be held while it comes, no faster than it is taken", async () => {
    let seen = 0;
    let resume = (): void => {};
    const wire = await openWire(name, {
      onExchange: ({ body, rest, reply }) => {
        seen = body.length;
        rest?.start({
          onBytes: (bytes) => {
            seen += bytes.length;
            if (seen > 400_000 && resume.length === 0) rest.pause();
            resume = () => rest.resume();
          },
          onEnd: () => reply.send(200, [], String(seen)),
          onFault: () => reply.cut(),
        });
      },
    });
    const body = "x".repeat(900_000);
    const talk = new Talk(wire.port);
    await talk.write([post(body).replace("Content-Length", "Content-Type: audio/mpeg\r\nContent-Length")]);
    await expect.poll(() => seen).toBeGreaterThan(400_000);
    const timer = setInterval(() => resume(), 20);
    expect((await talk.answers())[0]?.body).toBe(String(body.length));
    clearInterval(timer);
    wire.close();
  });
});

describeWithDatabase("the capture of an answer", () => {
  test.each(frontEndNames)("ends at its bound, and the stream goes on: the trace says so, on %s", async (name) => {
    const mock = await startMockProvider({ shape: "openai", port: 0 });
    const folder = mkdtempSync(join(tmpdir(), "loom-bounds-"));
    const file = join(folder, "loom.yaml");
    writeFileSync(file, "capture: {bytesMax: 10000, bytesInFlightMax: 100000}\n");
    const gateway = await startTestGateway({
      OPENAI_API_KEY: "sk-upstream",
      OPENAI_BASE_URL: `${mock.url}/v1`,
      LOOM_CONFIG: file,
      LOOM_FRONT_END: name,
    });
    try {
      expect(gateway.output()).toContain(name === "node" ? "Front end  node:http" : "Front end  uWebSockets.js");
      for (const stream of [true, false]) {
        const response = await fetch(`${gateway.url}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
          body: JSON.stringify({ model: "big", stream, messages: [], mock: { bytes: 2_000_000 } }),
        });
        const text = await response.text();
        expect(text.length).toBeGreaterThan(2_000_000);
        const row = await readTrace(gateway.pool, response.headers.get("x-loom-trace-id") ?? "");
        expect(row).toMatchObject({ outcome: "complete", capture_truncated: true });
        // Loom asked for the usage chunk of the stream itself, which the client does not see.
        expect(Number(row.response_bytes)).toBeGreaterThanOrEqual(Buffer.byteLength(text));
      }
    } finally {
      await gateway.close();
      await mock.close();
      rmSync(folder, { recursive: true });
    }
  });
});
