// Where a tenant's base URL may lead, and what becomes of a request on a connection that is gone.
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LoomError } from "../../src/errors/loom-error.js";
import { type Forwarding, type ForwardTarget, forward } from "../../src/forward/forward.js";
import { Pools } from "../../src/forward/pools.js";

type Seen = { text: string; error: LoomError | null; forwarding: Forwarding };

let servers: Server[] = [];
let pools: Pools;
beforeEach(() => {
  servers = [];
  pools = openPools(1);
});
afterEach(async () => {
  await pools.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

function openPools(connectionsPerTargetMax: number, allowedHosts: readonly string[] = ["127.0.0.1"]): Pools {
  return new Pools({ connectTimeoutMs: 1000, connectionsPerTargetMax, allowedHosts, emit: () => undefined });
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function target(origin: string, headers: Record<string, string> = {}, owner = "operator"): ForwardTarget {
  const call = { method: "POST", origin, path: "/v1/chat/completions", headers, pathNamesModel: false };
  return { providerName: "p", model: "m", owner, call, body: Buffer.from('{"model":"m"}') };
}

function sendToEnd(targets: ForwardTarget[]): Promise<Seen> {
  const timeouts = { firstByteTimeoutMs: 5000, idleTimeoutMs: 5000, totalTimeoutMs: 5000 };
  return new Promise((resolve) => {
    let text = "";
    const finish = (error: LoomError | null) => resolve({ text, error, forwarding });
    const forwarding = forward({ targets, clientHeaders: new Map(), timeouts, startedAtMs: performance.now() }, pools, {
      onHead: () => undefined,
      onBytes: (bytes) => (text += bytes.toString()),
      onEnd: () => finish(null),
      onFault: finish,
    });
  });
}

describe("a base URL that a tenant gave", () => {
  it("reaches no address of the operator's network, by number or by name", async () => {
    let asked = 0;
    const origin = await serve((_request, response) => {
      asked += 1;
      response.end("secret");
    });
    await pools.stop();
    pools = openPools(1, []);
    for (const url of [origin, origin.replace("127.0.0.1", "localhost"), origin.replace("127.0.0.1", "[::1]")]) {
      expect((await sendToEnd([target(url, {}, "tenant:1")])).error?.code).toBe("upstream_forbidden");
    }
    expect(asked).toBe(0);
    expect((await sendToEnd([target(origin)])).text).toBe("secret");
  });

  it("reaches the hosts that the operator allows", async () => {
    const origin = await serve((_request, response) => response.end("ok"));
    expect((await sendToEnd([target(origin, {}, "tenant:1")])).text).toBe("ok");
  });

  it("is not followed to where its answers point", async () => {
    const paths: string[] = [];
    const origin = await serve((request, response) => {
      paths.push(request.url ?? "");
      response.writeHead(302, { location: "http://169.254.169.254/latest" }).end();
    });
    expect((await sendToEnd([target(origin, {}, "tenant:1")])).forwarding.attempts).toMatchObject([{ status: 302 }]);
    expect(paths).toHaveLength(1);
  });
});

describe("a kept connection that the provider has reset", () => {
  /** A server in a thread of its own, so that this thread can look away while it resets what it has. */
  const resettingServer = `
    const { parentPort, workerData } = require("node:worker_threads");
    let answers = 0;
    const server = require("node:http").createServer((request, response) => {
      request.resume();
      answers += 1;
      const { socket } = request;
      response.end("answer " + answers, () => {
        if (answers <= workerData.resets) setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;

  it("is replaced once, and the request sent again", async () => {
    const worker = new Worker(resettingServer, { eval: true, workerData: { resets: 1 } });
    const port = await new Promise<number>((resolve) => worker.once("message", resolve));
    try {
      const origin = `http://127.0.0.1:${port}`;
      expect((await sendToEnd([target(origin)])).text).toBe("answer 1");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      const again = await sendToEnd([target(origin)]);
      expect(again).toMatchObject({ text: "answer 2", error: null });
      expect(again.forwarding.attempts).toMatchObject([{ errorCode: "upstream_cut", status: null }, { status: 200 }]);
    } finally {
      await worker.terminate();
    }
  });
});
