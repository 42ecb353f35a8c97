// Forwarding to real servers on the loopback: which answers pass, which targets are tried, and that no request can
// leave a pool that hangs (undici's defect: a request refused at validation keeps its connection busy for ever).

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LoomError } from "../../src/errors/loom-error.js";
import { type Forwarding, type ForwardTarget, forward, type UpstreamTimeouts } from "../../src/forward/forward.js";
import { Pools } from "../../src/forward/pools.js";
import type { LoomEvent } from "../../src/report/events.js";

const generous: UpstreamTimeouts = { firstByteTimeoutMs: 5000, idleTimeoutMs: 5000, totalTimeoutMs: 10_000 };

type Seen = {
  readonly forwarding: Forwarding;
  head: { target: number; status: number; headers: Record<string, unknown> } | null;
  text: string;
  error: LoomError | null;
  ended: boolean;
  /** Called in the middle of the answer, as bytes come. */
  onText: () => void;
  /** Resolves at the end or the fault. */
  readonly over: Promise<void>;
};

let servers: (Server | net.Server)[] = [];
let events: LoomEvent[] = [];
let pools: Pools;
beforeEach(() => {
  events = [];
  servers = [];
  pools = openPools(1);
});
afterEach(async () => {
  await pools.stop();
  for (const server of servers) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
});

function openPools(connectionsPerTargetMax: number, allowedHosts: readonly string[] = ["127.0.0.1"]): Pools {
  const emit = (event: LoomEvent) => events.push(event);
  return new Pools({ connectTimeoutMs: 1000, connectionsPerTargetMax, allowedHosts, emit });
}

async function listen(server: Server | net.Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

const serve = (answer: RequestListener) => listen(createServer(answer));
/** A server that sends these bytes to whoever has sent a request head. */
const serveRaw = (answer: (socket: net.Socket) => void) =>
  listen(
    net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => answer(socket));
    }),
  );

async function closedPort(): Promise<string> {
  const server = net.createServer();
  const origin = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return origin;
}

function target(origin: string, headers: Record<string, string> = {}, owner = "operator"): ForwardTarget {
  const call = { method: "POST" as const, origin, path: "/v1/chat/completions", headers, pathNamesModel: false };
  return { providerName: "p", model: "m", owner, call, body: Buffer.from('{"model":"m"}') };
}

function send(targets: ForwardTarget[], client: Record<string, string> = {}, timeouts = generous): Seen {
  let finish = () => {};
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const seen: Omit<Seen, "forwarding"> = { head: null, text: "", error: null, ended: false, onText: () => {}, over };
  const forwarding = forward(
    { targets, clientHeaders: new Map(Object.entries(client)), timeouts, startedAtMs: performance.now() },
    pools,
    {
      onHead: (index, status, headers) => {
        seen.head = { target: index, status, headers: { ...headers } };
      },
      onBytes: (bytes) => {
        seen.text += bytes.toString();
        seen.onText();
      },
      onEnd: () => {
        seen.ended = true;
        finish();
      },
      onFault: (error) => {
        seen.error = error;
        finish();
      },
    },
  );
  return Object.assign(seen, { forwarding });
}

async function sendToEnd(...given: Parameters<typeof send>): Promise<Seen> {
  const seen = send(...given);
  await seen.over;
  return seen;
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

describe("an answer", () => {
  it("passes with its status, headers and bytes, and the request arrives as it was made", async () => {
    const origin = await serve((request, response) => {
      void readAll(request).then((body) => {
        response.writeHead(201, { "x-answer": "yes" });
        response.end(JSON.stringify({ url: request.url, body, headers: request.headers }));
      });
    });
    const seen = await sendToEnd([target(origin, { authorization: "Bearer p" })], { "user-agent": "u" });
    expect(seen.head).toMatchObject({ target: 0, status: 201, headers: { "x-answer": "yes" } });
    expect(seen.ended).toBe(true);
    const sent = JSON.parse(seen.text) as { url: string; body: string; headers: Record<string, string> };
    expect(sent).toMatchObject({ url: "/v1/chat/completions", body: '{"model":"m"}' });
    expect(sent.headers).toEqual({
      host: origin.slice("http://".length),
      connection: "keep-alive",
      "content-length": "13",
      "content-type": "application/json",
      "accept-encoding": "identity",
      "user-agent": "u",
      authorization: "Bearer p",
    });
    const [attempt] = seen.forwarding.attempts;
    expect(attempt).toMatchObject({ provider: "p", model: "m", status: 201, errorCode: null });
    expect(attempt?.endedMs).toBeGreaterThan(attempt?.startedMs ?? 0);
  });

  it("comes after interim answers, which are not passed", async () => {
    const origin = await serveRaw((socket) => {
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    const seen = await sendToEnd([target(origin)]);
    expect(seen.head?.status).toBe(200);
    expect(seen.text).toBe("ok");
  });

  it("does not pass a redirect by following it", async () => {
    const origin = await serve((_request, response) => response.writeHead(302, { location: "/other" }).end());
    expect((await sendToEnd([target(origin)])).head?.status).toBe(302);
  });

  it("stops when it is paused as bytes come, and goes on after", async () => {
    const origin = await serve((_request, response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 50);
    });
    const seen = send([target(origin)]);
    seen.onText = () => seen.forwarding.pause();
    await wait(200);
    expect(seen.text).toBe("a");
    seen.onText = () => {};
    seen.forwarding.resume();
    await seen.over;
    expect(seen.text).toBe("ab");
  });
});

describe("a fault", () => {
  const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  it.each([
    ["upstream_cut", "a connection closed without an answer", (socket: net.Socket) => socket.destroy(), ""],
    ["upstream_cut", "a chunked answer cut short", (socket: net.Socket) => socket.end(`${chunked}2\r\nhi\r\n`), "hi"],
    [
      "upstream_cut",
      "an answer shorter than its length",
      (socket: net.Socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"),
      "hi",
    ],
    ["upstream_invalid", "bytes that are no HTTP", (socket: net.Socket) => socket.end("220 smtp ready\r\n"), ""],
    [
      "upstream_invalid",
      "a head over its bound",
      (socket: net.Socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}\r\n\r\n`),
      "",
    ],
  ])("is %s for %s, and no second target is asked", async (code, _, answer, text) => {
    let asked = 0;
    const second = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    const seen = await sendToEnd([target(await serveRaw(answer)), target(second)]);
    expect(seen.error?.code).toBe(code);
    expect(seen.text).toBe(text);
    expect(seen.ended).toBe(false);
    expect(asked).toBe(0);
    expect(seen.forwarding.attempts).toHaveLength(1);
    expect(seen.forwarding.attempts[0]?.errorCode).toBe(code);
  });

  it.each([
    ["the first byte", { firstByteTimeoutMs: 100 }, ""],
    ["a next byte", { idleTimeoutMs: 100 }, `${chunked}2\r\nhi\r\n`],
    ["everything", { totalTimeoutMs: 100 }, `${chunked}2\r\nhi\r\n`],
  ])("is upstream_timeout when %s takes too long, and the provider is stopped", async (_, timeouts, answer) => {
    let closed = false;
    const origin = await serveRaw((socket) => {
      socket.on("close", () => {
        closed = true;
      });
      socket.write(answer);
    });
    const seen = await sendToEnd([target(origin)], {}, { ...generous, ...timeouts });
    expect(seen.error?.code).toBe("upstream_timeout");
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  it("of the settings is thrown for a first target", async () => {
    const bad = target(await closedPort(), { authorization: "a\r\nb" });
    expect(() => send([bad])).toThrow(expect.objectContaining({ code: "internal_error" }) as Error);
  });

  it("of the settings of a later target is told as a fault, and ends the run", async () => {
    const good = await closedPort();
    const seen = await sendToEnd([target(good), target(good, { authorization: "a\r\nb" })]);
    expect(seen.error?.code).toBe("internal_error");
    const before = [...seen.forwarding.attempts];
    seen.forwarding.abort("client_gone");
    expect(seen.forwarding.attempts).toEqual(before);
    expect(before.map((attempt) => attempt.errorCode)).toEqual(["upstream_unreachable"]);
  });
});

describe("a next target", () => {
  it("is tried when no connection could be made", async () => {
    const origin = await serve((_request, response) => response.end("second"));
    const seen = await sendToEnd([target(await closedPort()), target(origin)]);
    expect(seen).toMatchObject({ text: "second", head: { target: 1, status: 200 } });
    const attempts = seen.forwarding.attempts.map(({ status, errorCode }) => [status, errorCode]);
    expect(attempts).toEqual([
      [null, "upstream_unreachable"],
      [200, null],
    ]);
    expect(seen.forwarding.target).toBe(1);
  });

  it.each([429, 500, 502, 503, 504])("is tried after a %i, of which nothing is passed", async (status) => {
    const failing = await serve((_request, response) => response.writeHead(status).end("failed"));
    const origin = await serve((_request, response) => response.end("second"));
    const seen = await sendToEnd([target(failing), target(origin)]);
    expect(seen.text).toBe("second");
    expect(seen.forwarding.attempts.map((attempt) => attempt.status)).toEqual([status, 200]);
  });

  it.each([400, 401, 404, 422])("is not tried after a %i", async (status) => {
    const failing = await serve((_request, response) => response.writeHead(status).end("refused"));
    const seen = await sendToEnd([target(failing), target(await closedPort())]);
    expect(seen).toMatchObject({ text: "refused", head: { target: 0, status } });
  });

  it("does not exist after the last, whose failure is passed", async () => {
    const failing = await serve((_request, response) => response.writeHead(503).end("failed"));
    const seen = await sendToEnd([target(await closedPort()), target(failing)]);
    expect(seen).toMatchObject({ text: "failed", head: { target: 1, status: 503 } });
    expect((await sendToEnd([target(await closedPort()), target(await closedPort())])).error?.code).toBe(
      "upstream_unreachable",
    );
  });
});

describe("an abort", () => {
  it("stops the provider, and nothing is heard of the exchange after", async () => {
    let closed = false;
    const origin = await serve((request, response) => {
      request.on("close", () => {
        closed = true;
      });
      response.write("a");
    });
    const seen = send([target(origin)]);
    await vi.waitFor(() => expect(seen.text).toBe("a"), { interval: 5 });
    seen.forwarding.abort("client_gone");
    await vi.waitFor(() => expect(closed).toBe(true));
    expect(seen).toMatchObject({ error: null, ended: false });
    expect(seen.forwarding.attempts[0]).toMatchObject({ status: 200, errorCode: "client_gone" });
  });

  it("of a request that waits for a connection sends nothing of it, and the connection stays of use", async () => {
    const bodies: string[] = [];
    const answers: (() => void)[] = [];
    const origin = await serve((request, response) => {
      void readAll(request).then((body) => {
        bodies.push(body);
        answers.push(() => response.end("ok"));
      });
    });
    const first = send([target(origin)]);
    const second = send([{ ...target(origin), body: Buffer.from("second") }]);
    const third = send([{ ...target(origin), body: Buffer.from("third") }]);
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    second.forwarding.abort("client_gone");
    answers[0]?.();
    await first.over;
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.();
    await third.over;
    expect(third.text).toBe("ok");
    expect(bodies).toEqual(['{"model":"m"}', "third"]);
    expect(second).toMatchObject({ error: null, ended: false });
  });
});

describe("a request that undici would refuse", () => {
  it.each([
    ["expect", "100-continue"],
    ["transfer-encoding", "chunked"],
    ["connection", "upgrade, x"],
    ["keep-alive", "timeout=5"],
    ["upgrade", "websocket"],
    ["content-length", "7, 7"],
    ["host", "other.test\r\nx: y"],
    ["user-agent", "a\u0000b"],
    ["accept", "a\r\nexpect: 100-continue"],
    ["content-type", "\u20ac"],
    ["openai-beta", "\u007f"],
    ["x y", "z"],
  ])("cannot be made of the client's header %s: %j", async (name, value) => {
    const origin = await serve((_request, response) => response.end("ok"));
    // As many as there are connections would stop the pool; one more must still be answered.
    for (let turn = 0; turn < 3; turn += 1)
      expect((await sendToEnd([target(origin)], { [name]: value })).text).toBe("ok");
    expect(events).toEqual([]);
  });

  it.each([
    ["while the connection is idle", 20],
    ["right after an answer", 0],
  ])("costs the pool %s, which is replaced, and later requests to that origin are answered", async (_, pauseMs) => {
    const origin = await serve((_request, response) => response.end("ok"));
    for (let turn = 0; turn < 3; turn += 1) {
      const seen = await sendToEnd([target(origin)], {}, { ...generous, totalTimeoutMs: 1000 });
      expect(seen.text).toBe("ok");
      if (pauseMs > 0) await wait(pauseMs);
      const refused = send([target(origin, { expect: "100-continue" })]);
      // The caller has the run in its hands before it hears of the fault.
      expect(refused.error).toBeNull();
      await refused.over;
      expect(refused.error?.code).toBe("internal_error");
      expect(refused.forwarding.attempts).toMatchObject([{ status: null, errorCode: "internal_error" }]);
    }
    expect(events.map((event) => event.name)).toEqual(["pool_replaced", "pool_replaced", "pool_replaced"]);
  });

  it("is not heard of when it was aborted in the same breath", async () => {
    const seen = send([target(await closedPort(), { expect: "100-continue" })]);
    seen.forwarding.abort("client_gone");
    await wait(20);
    expect(seen).toMatchObject({ error: null, ended: false });
    expect(seen.forwarding.attempts).toMatchObject([{ errorCode: "client_gone" }]);
  });

  it("does not cut the answers that are on their way over the same pool", async () => {
    const origin = await serve((_request, response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 100);
    });
    await pools.stop();
    pools = openPools(2);
    const open = send([target(origin)]);
    await vi.waitFor(() => expect(open.text).toBe("a"), { interval: 5 });
    await sendToEnd([target(origin, { expect: "100-continue" })]);
    await open.over;
    expect(open).toMatchObject({ text: "ab", ended: true });
  });
});

describe("connections", () => {
  it("are kept for the next request of the same owner, and never shared with another owner", async () => {
    const ports: number[] = [];
    const origin = await serve((request, response) => {
      ports.push(request.socket.remotePort ?? 0);
      response.end("ok");
    });
    for (const owner of ["operator", "operator", "tenant:1", "tenant:2", "tenant:1"]) {
      await sendToEnd([target(origin, {}, owner)]);
    }
    expect(ports[1]).toBe(ports[0]);
    expect(ports[4]).toBe(ports[2]);
    expect(new Set(ports).size).toBe(3);
  });
});
