// A gateway that is killed and started again on the same home: what it had acknowledged is there once, and what was in
// flight is there as interrupted.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { readRowDetail } from "../../src/trace/row-detail.js";
import { describeWithDatabase } from "../support/database.js";
import { type DatabaseProxy, openDatabaseProxy } from "../support/database-proxy.js";
import { type GatewayProcess, startTestGateway, type TestGateway } from "../support/gateway.js";
import { openTestBody } from "../support/traces.js";

type Answered = { readonly id: string; readonly status: number };

function post(url: string, key: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content: "hello" }], ...body }),
  });
}

async function answerOf(url: string, key: string, content: string): Promise<Answered> {
  const response = await post(url, key, { model: "mock/echo", messages: [{ role: "user", content }] });
  await response.text();
  return { id: response.headers.get("x-loom-trace-id") ?? "", status: response.status };
}

async function kill(gateway: GatewayProcess): Promise<void> {
  const gone = new Promise((resolve) => gateway.child.once("exit", resolve));
  gateway.child.kill("SIGKILL");
  await gone;
}

/** Segments below the home, whoever they belong to. */
function segmentsIn(home: string): string[] {
  return readdirSync(join(home, "spool"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".seg"),
  );
}

describeWithDatabase("a gateway that was killed", () => {
  let gateway: TestGateway;
  let proxy: DatabaseProxy | null = null;
  afterEach(async () => {
    await gateway.close();
    await proxy?.close();
    proxy = null;
  });

  async function rowsOf(ids: readonly string[]): Promise<{ id: string; outcome: string }[]> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const { rows } = await gateway.pool.query<{ id: string; outcome: string }>(
        "SELECT id, outcome FROM loom.traces WHERE id = ANY($1)",
        [ids],
      );
      if (rows.length >= ids.length || Date.now() > deadline) return rows;
      await sleep(50);
    }
  }

  it.each(["process", "disk"])(
    "has every answered request once, and a stream in flight as interrupted (%s)",
    async (durability) => {
      gateway = await startTestGateway({ LOOM_DURABILITY: durability });
      const answered = await Promise.all(
        Array.from({ length: 60 }, (_, index) => answerOf(gateway.url, gateway.key, `request ${index}`)),
      );
      expect(answered.every(({ status }) => status === 200)).toBe(true);
      const stream = await post(gateway.url, gateway.key, {
        model: "mock/stream",
        stream: true,
        mock: { tokens: 1000, tokens_per_second: 50 },
      });
      const streamId = stream.headers.get("x-loom-trace-id") ?? "";
      let seen = "";
      const reading = (async () => {
        for await (const piece of stream.body ?? []) seen += Buffer.from(piece as Uint8Array).toString();
      })().catch(() => {});
      await sleep(2500);
      const seenBefore = seen;
      const last = await Promise.all(
        Array.from({ length: 20 }, (_, index) => answerOf(gateway.url, gateway.key, `last ${index}`)),
      );
      await kill(gateway);
      await reading;
      const again = await gateway.startAgain({ LOOM_DURABILITY: durability });
      const ids = [...answered, ...last].map(({ id }) => id);
      const rows = await rowsOf([...ids, streamId]);
      expect(rows.map(({ id }) => id).sort()).toEqual([...ids, streamId].sort());
      expect(rows.find(({ id }) => id === streamId)?.outcome).toBe("interrupted");
      expect(rows.filter(({ outcome }) => outcome === "complete")).toHaveLength(ids.length);
      // Its tries are not known, which is not to say that there were none; Loom's phases before them are.
      const { rows: details } = await gateway.pool.query<{ detail: unknown }>(
        "SELECT detail FROM loom.traces WHERE id = $1",
        [streamId],
      );
      const { attempts, phases } = readRowDetail(details[0]?.detail);
      expect([attempts, phases?.admittedMs]).toEqual([null, expect.any(Number)]);
      const kept = await openTestBody(gateway, streamId, "response_body");
      // What was seen more than a second before the kill had gone to the lane.
      expect(kept.length).toBeGreaterThan(0);
      expect(seenBefore.startsWith(kept.slice(0, seenBefore.length)) || kept.startsWith(seenBefore)).toBe(true);
      expect(again.output()).toContain("spool_replayed");
      expect((await answerOf(again.url, gateway.key, "after")).status).toBe(200);
      expect(await again.stop()).toBe(0);
      expect(segmentsIn(gateway.home)).toEqual([]);
    },
  );

  it("keeps what was answered while Postgres was away, through a kill and a start without Postgres", async () => {
    gateway = await startTestGateway();
    await answerOf(gateway.url, gateway.key, "first");
    expect(await gateway.stop()).toBe(0);
    proxy = await openDatabaseProxy(gateway.database.url);
    const behind = { DATABASE_URL: proxy.url };
    const first = await gateway.startAgain(behind);
    const before = await answerOf(first.url, gateway.key, "before");
    await sleep(300);
    await proxy.away();
    const during = await Promise.all(
      Array.from({ length: 40 }, (_, index) => answerOf(first.url, gateway.key, `away ${index}`)),
    );
    expect(during.every(({ status }) => status === 200)).toBe(true);
    await kill(first);
    expect(segmentsIn(gateway.home).length).toBeGreaterThan(0);
    const second = await gateway.startAgain(behind);
    const after = await answerOf(second.url, gateway.key, "after");
    await proxy.back();
    const ids = [before, ...during, after].map(({ id }) => id);
    const rows = await rowsOf(ids);
    expect(rows.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(["complete"]));
    expect(await second.stop()).toBe(0);
    expect(segmentsIn(gateway.home)).toEqual([]);
  });
});
