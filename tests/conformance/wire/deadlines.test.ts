// Each deadline of both sides, on raw sockets: what is late is ended, when it was said, and what is slow is not.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { LoomError } from "../../../src/errors/loom-error.js";
import { startAttempt } from "../../../src/forward/attempt.js";
import { Pools } from "../../../src/forward/pools.js";
import type { Exchange, GoneReason } from "../../../src/listen/exchange.js";
import { frontEndNames, openWire, Talk } from "../../support/wire.js";

const head = "POST /v1/x HTTP/1.1\r\nHost: loom\r\n";
const get = "GET /v1/x HTTP/1.1\r\nHost: loom\r\n\r\n";
/** The machine may be busy; a deadline that is not kept is later by far. */
const slackMs = 1500;

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

describe.each(frontEndNames)("on the client's side, %s", (name) => {
  test("a body that does not come is answered with 408 and the connection closed", async () => {
    const wire = await openWire(name, { bodyTimeoutMs: 500 });
    const talk = new Talk(wire.port);
    const tookMs = await timeOf(async () => {
      await talk.write([`${head}Content-Length: 10\r\n\r\nabc`]);
      await talk.ended();
    });
    expect(talk.text).toMatch(/^HTTP\/1\.1 408 .*request_timeout/s);
    expect(tookMs).toBeGreaterThan(450);
    expect(tookMs).toBeLessThan(500 + slackMs);
    expect([wire.refused, wire.exchanges.length, wire.open]).toEqual([["request_timeout"], 0, 0]);
    wire.close();
  });

  test("a body in drips is ended by the same deadline, since a byte buys no time", async () => {
    const wire = await openWire(name, { bodyTimeoutMs: 600 });
    const talk = new Talk(wire.port);
    const tookMs = await timeOf(async () => {
      await talk.write([`${head}Content-Length: 1000\r\n\r\n`]);
      const drip = setInterval(() => talk.socket.write("x"), 50);
      await talk.ended();
      clearInterval(drip);
    });
    expect(talk.text).toMatch(/^HTTP\/1\.1 408/);
    expect(tookMs).toBeLessThan(600 + slackMs);
    wire.close();
  });

  test("a body that is large and comes steadily has the time that it needs", async () => {
    const wire = await openWire(name, { bodyTimeoutMs: 800 });
    const talk = new Talk(wire.port);
    const piece = "x".repeat(12_000);
    await talk.write([`${head}Content-Length: ${5 * piece.length}\r\n\r\n`]);
    for (let turn = 0; turn < 5; turn += 1) {
      await talk.write([piece]);
      await sleep(350);
    }
    expect((await talk.answers())[0]?.status).toBe(200);
    wire.close();
  });

  test("an exchange that takes too long is told, and without an answer of its own gets 504", async () => {
    const told: string[] = [];
    const wire = await openWire(name, {
      exchangeTimeoutMs: 300,
      onExchange: ({ reply, path }: Exchange) => {
        if (path === "/v1/told") reply.onDeadline(() => reply.send(503, [], path));
        else reply.onGone(() => told.push(path));
        if (path === "/v1/stream") reply.start(200, [], Buffer.from("begun"));
      },
    });
    const talks = ["/v1/told", "/v1/x", "/v1/stream"].map(async (path) => {
      const talk = new Talk(wire.port);
      await talk.write([get.replace("/v1/x", path)]);
      await (path === "/v1/stream" ? talk.ended() : talk.answers());
      return talk.text;
    });
    const [ofTold = "", ofX = "", ofStream = ""] = await Promise.all(talks);
    expect(ofTold).toMatch(/^HTTP\/1\.1 503/);
    expect(ofX).toMatch(/^HTTP\/1\.1 504 .*exchange_timeout/s);
    // Never the last chunk: the client must not take it for whole.
    expect(ofStream).toMatch(/begun/);
    expect(ofStream).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(told).toEqual(["/v1/stream"]);
    wire.close();
  });

  test("a client that takes nothing of its answer is cut off, and costs no more than what it was sent", async () => {
    let gone: GoneReason | null = null;
    let written = 0;
    const wire = await openWire(name, {
      writeTimeoutMs: 700,
      onExchange: ({ reply }: Exchange) => {
        reply.onGone((reason) => (gone = reason));
        const piece = Buffer.alloc(1024 * 1024);
        const more = (): void => {
          for (let flowing = true; flowing && reply.state === "started"; written += piece.length)
            flowing = reply.write(piece);
        };
        reply.onDrain(more);
        reply.start(200, [], Buffer.from("x"));
        more();
      },
    });
    const talk = new Talk(wire.port);
    talk.socket.pause();
    await talk.write([get]);
    await expect.poll(() => gone, { timeout: 700 + 2 * slackMs }).toBe("client_stalled");
    // The kernel's buffers of both sides, and one piece.
    expect(written).toBeLessThan(24 * 1024 * 1024);
    expect(wire.open).toBe(0);
    talk.close();
    wire.close();
  });

  test("a client that reads a byte a second has its answer bounded in memory, and ended with the exchange", async () => {
    let gone: GoneReason | null = null;
    let written = 0;
    const wire = await openWire(name, {
      exchangeTimeoutMs: 2500,
      onExchange: ({ reply }: Exchange) => {
        reply.onGone((reason) => (gone = reason));
        const piece = Buffer.alloc(256 * 1024);
        const more = (): void => {
          for (let flowing = true; flowing && reply.state === "started"; written += piece.length)
            flowing = reply.write(piece);
        };
        reply.onDrain(more);
        reply.start(200, [], Buffer.from("x"));
        more();
      },
    });
    const talk = new Talk(wire.port);
    talk.socket.removeAllListeners("data");
    talk.socket.pause();
    await talk.write([get]);
    const sip = setInterval(() => talk.socket.read(1), 200);
    await expect.poll(() => gone, { timeout: 2500 + 2 * slackMs }).toBe("client_stalled");
    clearInterval(sip);
    expect(written).toBeLessThan(24 * 1024 * 1024);
    talk.close();
    wire.close();
  });

  test.concurrent("a head that does not come whole, and a connection without a request, are ended", async () => {
    // uWebSockets.js has one time for both, and no setting for it.
    const wire = await openWire(name, { headersTimeoutMs: 500, keepAliveTimeoutMs: 700 });
    const [drip, idle, used] = [new Talk(wire.port), new Talk(wire.port), new Talk(wire.port)];
    const mostMs = name === "native" ? 40_000 : 3000 + slackMs;
    await drip.write([head]);
    await used.write([get]);
    const dripping = setInterval(() => drip.socket.write("X"), 400);
    expect(await drip.ended(mostMs)).toBe(true);
    clearInterval(dripping);
    if (name === "node") expect(drip.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(await used.ended(mostMs)).toBe(true);
    if (name === "native") expect(await idle.ended(mostMs)).toBe(true);
    expect(wire.exchanges).toHaveLength(1);
    idle.close();
    wire.close();
  }, 60_000);
});

describe("on the provider's side", () => {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const pools = new Pools({ connectTimeoutMs: 500, connectionsPerTargetMax: 4, emit: () => {} });
  afterAll(async () => {
    await pools.stop();
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
  });

  async function listen(answer: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("data", () => answer(socket));
    });
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  const times = { firstByteTimeoutMs: 10_000, idleTimeoutMs: 10_000, totalTimeoutMs: 10_000 };
  type Attempted = { error: LoomError; tookMs: number };

  function attempt(origin: string, changed: Partial<typeof times>, onHead = (): void => {}): Promise<Attempted> {
    const startedAtMs = performance.now();
    return new Promise((resolve) => {
      const request = {
        pool: pools.get("operator", origin),
        method: "POST" as const,
        path: "/",
        headers: {},
        body: Buffer.from("{}"),
      };
      startAttempt(
        { ...request, ...times, ...changed },
        {
          onHead,
          onBytes: () => {},
          onEnd: () => {},
          onFault: (error) => resolve({ error, tookMs: performance.now() - startedAtMs }),
        },
      );
    });
  }

  test("a connection that is not made in time is given up", async () => {
    // TCP connects, TLS never does.
    const port = await listen(() => {});
    const { error, tookMs } = await attempt(`https://127.0.0.1:${port}`, {});
    expect(error.code).toBe("upstream_timeout");
    // undici looks at this one about twice a second.
    expect(tookMs).toBeLessThan(500 + 1000 + slackMs);
  });

  test("a first byte that does not come is not waited for, to the millisecond and not to the second", async () => {
    const port = await listen(() => {});
    const { error, tookMs } = await attempt(`http://127.0.0.1:${port}`, { firstByteTimeoutMs: 150 });
    expect(error).toMatchObject({ code: "upstream_timeout", message: expect.stringContaining("150 ms") });
    expect(tookMs).toBeGreaterThan(140);
    expect(tookMs).toBeLessThan(150 + slackMs / 2);
  });

  test("a stream that falls silent is given up, and not while the client makes it wait", async () => {
    const port = await listen((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
      for (let turn = 1; turn <= 3; turn += 1) setTimeout(() => socket.write("1\r\nb\r\n"), turn * 100);
    });
    const { error, tookMs } = await attempt(`http://127.0.0.1:${port}`, { idleTimeoutMs: 250 });
    expect(error).toMatchObject({ code: "upstream_timeout", message: expect.stringContaining("silent") });
    expect(tookMs).toBeGreaterThan(540);
    expect(tookMs).toBeLessThan(550 + slackMs);
    let faults = 0;
    const control = startAttempt(
      {
        pool: pools.get("operator", `http://127.0.0.1:${port}`),
        method: "POST",
        path: "/",
        headers: {},
        body: null,
        ...times,
        idleTimeoutMs: 250,
      },
      { onHead: () => control.pause(), onBytes: () => {}, onEnd: () => {}, onFault: () => (faults += 1) },
    );
    await sleep(1000);
    expect(faults).toBe(0);
    control.resume();
    await expect.poll(() => faults).toBe(1);
  });

  test("an attempt that goes on and on is ended", async () => {
    const port = await listen((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const drip = setInterval(() => socket.write("1\r\nb\r\n"), 50);
      socket.on("close", () => clearInterval(drip));
    });
    const { error, tookMs } = await attempt(`http://127.0.0.1:${port}`, { totalTimeoutMs: 400 });
    expect(error).toMatchObject({ code: "upstream_timeout", message: expect.stringContaining("in all") });
    expect(tookMs).toBeLessThan(400 + slackMs);
  });
});
