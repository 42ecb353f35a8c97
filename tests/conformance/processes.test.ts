// Several gateway processes behind one port: under load while one is killed, and while all are replaced.
import { readdirSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";

type Sent = { readonly status: number; readonly id: string } | { readonly error: string };

describeWithDatabase("two processes on one port", () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startTestGateway({ LOOM_PROCESSES: "2", LOG_LEVEL: "debug" });
  });
  afterAll(() => gateway.close());

  const body = JSON.stringify({ model: "mock/echo", messages: [{ role: "user", content: "hi" }] });

  function send(agent: Agent | false): Promise<Sent> {
    return new Promise((resolve) => {
      const fail = (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message });
      const headers = {
        authorization: `Bearer ${gateway.key}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      };
      const sent = request(`${gateway.url}/v1/chat/completions`, { method: "POST", agent, headers }, (answer) => {
        answer.resume();
        answer.on("error", fail);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, id: String(answer.headers["x-loom-trace-id"]) }),
        );
      });
      sent.on("error", fail);
      sent.end(body);
    });
  }

  /** Requests over kept and over new connections until `work` is done. */
  async function whileSending(work: () => Promise<void>): Promise<Sent[]> {
    const kept = new Agent({ keepAlive: true });
    const sent: Sent[] = [];
    let state: "sending" | "done" = "sending";
    const senders = [kept, kept, kept, false as const, false as const].map(async (agent) => {
      while (state === "sending") {
        sent.push(await send(agent));
        await sleep(5);
      }
    });
    await work();
    state = "done";
    await Promise.all(senders);
    kept.destroy();
    return sent;
  }

  async function untilLogged(what: string, times: number): Promise<void> {
    const deadline = Date.now() + 40_000;
    while (gateway.output().split(`"${what}"`).length - 1 < times) {
      if (Date.now() > deadline) throw new Error(`no ${what}:\n${gateway.output()}`);
      await sleep(20);
    }
  }

  const idsOf = (sent: readonly Sent[]) => sent.flatMap((one) => ("id" in one ? one.id : []));
  const failuresOf = (sent: readonly Sent[]) => sent.filter((one) => !("status" in one && one.status === 200));

  async function expectRecorded(ids: readonly string[]): Promise<void> {
    let rows: { count: number; id: string }[] = [];
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50)) {
      ({ rows } = await gateway.pool.query(
        "SELECT id::text, count(*)::int FROM loom.traces WHERE id = ANY($1::uuid[]) GROUP BY 1",
        [ids],
      ));
      if (rows.length >= new Set(ids).size) break;
    }
    expect(rows.filter(({ count }) => count > 1)).toEqual([]);
    expect(rows).toHaveLength(ids.length);
  }

  function processIds(): number[] {
    const { pid = 0 } = gateway.child;
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => readChildren(join(`/proc/${pid}/task`, task, "children")))
      .filter((child) => readText(`/proc/${child}/cmdline`).includes("main.js"));
  }

  test("share the requests, and each records what it took", async () => {
    const sent = await whileSending(() => sleep(300));
    expect(failuresOf(sent)).toEqual([]);
    await expectRecorded(idsOf(sent));
    const chains = await gateway.pool.query("SELECT DISTINCT boot_id FROM loom.traces");
    expect(chains.rowCount).toBe(2);
  });

  test("are replaced on SIGHUP without a refused connection or a lost trace", async () => {
    const before = processIds();
    const sent = await whileSending(async () => {
      gateway.child.kill("SIGHUP");
      await untilLogged("processes_replaced", 1);
    });
    expect(failuresOf(sent)).toEqual([]);
    expect(processIds().filter((pid) => before.includes(pid))).toEqual([]);
    await expectRecorded(idsOf(sent));
  });

  test("take the place of one that was killed, and record what it had promised", async () => {
    const [victim = 0] = processIds();
    const sent = await whileSending(async () => {
      process.kill(victim, "SIGKILL");
      await untilLogged("process_died", 1);
      await untilLogged("spool_replayed", 1);
    });
    // Only what was on its way in the killed process fails.
    expect(failuresOf(sent).length).toBeLessThanOrEqual(5);
    await expectRecorded(idsOf(sent));
    expect(processIds()).toHaveLength(2);
    const verified = await gateway.loom(["audit", "verify", "--json"]);
    expect(verified.code, verified.stdout).toBe(0);
  });

  test("leave nothing behind when they are told to stop", async () => {
    const pids = processIds();
    expect(await gateway.stop()).toBe(0);
    expect(pids.filter((pid) => readText(`/proc/${pid}/cmdline`).includes("main.js"))).toEqual([]);
    expect(readdirSync(join(gateway.home, "spool"))).toEqual([]);
  });
});

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function readChildren(file: string): number[] {
  return readText(file).split(" ").filter(Boolean).map(Number);
}
