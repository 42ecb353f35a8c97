// A lane from its port to its rows: the compiled worker in a real Piscina pool, fed with packed frames as the main
// thread packs them.

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Pool } from "pg";
import { Piscina } from "piscina";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { LoomEvent } from "../../src/report/events.js";
import { FrameBatch, frameKinds } from "../../src/trace/frames.js";
import type { FromLane, LaneSettings, ToLane } from "../../src/trace/lane-messages.js";
import type { TraceBegin, TraceEnd } from "../../src/trace/record.js";
import { openBody } from "../../workers/seal/open.js";
import { clearTraces } from "../support/clear-traces.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { beginOf, endOf, testBoot, testKeyRing, testKeySalt, testMasterKeys, testNode } from "../support/exchanges.js";

const worker = new URL("../../dist/workers/lane.js", import.meta.url);
const sse = (...chunks: object[]) => chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");

class TestLane {
  readonly events: LoomEvent[] = [];
  readonly acknowledged: { batch: number; backlogBytes: number }[] = [];
  readonly task: Promise<void>;
  readonly #port: MessagePort;
  readonly #pool: Piscina;
  #batch = 0;

  constructor(settings: LaneSettings) {
    this.#pool = new Piscina({
      filename: worker.href,
      name: "runLane",
      minThreads: 1,
      maxThreads: 1,
      atomics: "disabled",
      env: {},
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: FromLane) => {
      if (message.type === "event") this.events.push(message.event);
      else if (message.type === "acknowledged") this.acknowledged.push(message);
    });
    this.task = this.#pool.run({ port: port2, settings }, { transferList: [port2] });
  }

  send(fill: (frames: FrameBatch) => void): number {
    const frames = new FrameBatch();
    fill(frames);
    return this.sendBytes(frames.pack());
  }

  sendBytes(bytes: ArrayBuffer): number {
    this.#batch += 1;
    this.#port.postMessage({ type: "frames", batch: this.#batch, bytes } satisfies ToLane, [bytes]);
    return this.#batch;
  }

  async isAcknowledged(batch: number): Promise<void> {
    const deadline = Date.now() + 5000;
    while ((this.acknowledged.at(-1)?.batch ?? 0) < batch) {
      if (Date.now() > deadline) throw new Error(`batch ${batch} is not acknowledged`);
      await sleep(1);
    }
  }

  async drain(deadlineMs = 10_000): Promise<void> {
    this.#port.postMessage({ type: "drain", deadlineMs } satisfies ToLane);
    await this.task;
    await sleep(10);
  }

  async close(): Promise<void> {
    this.#port.close();
    await this.#pool.destroy();
  }

  eventsNamed<Name extends LoomEvent["name"]>(name: Name): Extract<LoomEvent, { name: Name }>[] {
    return this.events.filter((event): event is Extract<LoomEvent, { name: Name }> => event.name === name);
  }
}

function addExchange(
  frames: FrameBatch,
  seq: number,
  begin: TraceBegin,
  end: TraceEnd,
  request: string,
  answer: string,
) {
  frames.add(frameKinds.begin, seq, JSON.stringify(begin), [Buffer.from(request)]);
  frames.add(frameKinds.end, seq, JSON.stringify(end), [Buffer.from(answer)]);
}

describeWithDatabase("a lane", () => {
  let database: TestDatabase;
  let pool: Pool;
  let lane: TestLane;

  beforeAll(async () => {
    if (!existsSync(worker)) throw new Error("dist/ is missing: run `npm run build` before this test");
    database = await openTestDatabase();
    pool = database.pool();
  });
  afterAll(() => database.close());
  const start = (databaseUrl = database.url, changed: Partial<LaneSettings> = {}) => {
    lane = new TestLane({
      lane: 2,
      nodeId: testNode,
      bootId: testBoot,
      durability: "memory",
      databaseUrl,
      masterKeys: testMasterKeys,
      ...changed,
    });
  };
  beforeEach(async () => {
    await clearTraces(pool);
  });
  afterEach(() => lane.close());
  const rows = async () => (await pool.query("SELECT * FROM loom.traces ORDER BY seq")).rows;
  const open = (row: Awaited<ReturnType<typeof rows>>[number], column: "request_body" | "response_body") =>
    openBody(
      testKeyRing,
      {
        tenantId: row.tenant_id,
        keySalt: testKeySalt,
        id: row.id,
        createdAtMs: row.created_at.getTime(),
        nodeId: row.node_id,
        column,
        codec: row.body_codec,
        keyVersion: row.encryption_key_version,
        iv: row[column.replace("body", "iv")],
        sealed: row[column],
      },
      64 * 1024 * 1024,
    );

  it("makes a row of a streamed answer that came in pieces: usage, cost, model, bodies", async () => {
    start();
    const begin = beginOf({ streamed: true, tags: ["x"], sessionId: "s-1" });
    const answer = sse(
      { model: "gpt-4o-mini-2024-07-18", choices: [{ index: 0, delta: { content: "漢字" }, finish_reason: null }] },
      { model: "gpt-4o-mini-2024-07-18", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      { choices: [], usage: { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050 } },
    );
    const bytes = Buffer.from(answer);
    lane.send((frames) => frames.add(frameKinds.begin, 1, JSON.stringify(begin), [Buffer.from("ask")]));
    for (let at = 0; at < 90; at += 30) {
      lane.send((frames) => frames.add(frameKinds.chunk, 1, "", [bytes.subarray(at, at + 30)]));
    }
    const last = lane.send((frames) => frames.add(frameKinds.end, 1, JSON.stringify(endOf()), [bytes.subarray(90)]));
    await lane.isAcknowledged(last);
    await lane.drain();
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      id: begin.id,
      lane: 2,
      seq: "1",
      response_model: "gpt-4o-mini-2024-07-18",
      finish_reason: "stop",
      total_tokens: 1050,
      usage_source: "provider",
      estimated_cost_usd: "0.0001800000",
      price_version: "genai-prices 0.1.8",
      session_id: "s-1",
      tags: ["x"],
    });
    expect(open(row, "request_body").toString()).toBe("ask");
    expect(open(row, "response_body").toString()).toBe(answer);
    expect(lane.eventsNamed("traces_lost")).toEqual([]);
  });

  it("records every exchange of a burst, acknowledges long before it is done, and ends with no backlog", async () => {
    start();
    const perBatch = 100;
    const batches = 30;
    for (let batch = 0; batch < batches; batch += 1) {
      lane.send((frames) => {
        for (let index = 1; index <= perBatch; index += 1) {
          addExchange(frames, batch * perBatch + index, beginOf(), endOf(), "q".repeat(2000), "a".repeat(2000));
        }
      });
    }
    await lane.isAcknowledged(batches);
    expect(lane.acknowledged.some(({ backlogBytes }) => backlogBytes > 1_000_000)).toBe(true);
    await lane.drain();
    expect((await rows()).map((row) => Number(row.seq))).toEqual(
      Array.from({ length: batches * perBatch }, (_, i) => i + 1),
    );
    expect(lane.acknowledged.at(-1)?.backlogBytes).toBe(0);
    const recorded = lane.eventsNamed("traces_recorded").reduce((sum, event) => sum + event.rows, 0);
    expect(recorded).toBe(batches * perBatch);
  });

  it("loses one exchange only, by its name, when that one cannot be recorded", async () => {
    start();
    const spoiled = beginOf({ tenantId: "not a tenant" });
    lane.send((frames) => {
      addExchange(frames, 1, beginOf(), endOf(), "a", "{}");
      addExchange(frames, 2, spoiled, endOf(), "b", "{}");
      frames.add(frameKinds.begin, 3, "{not json", [Buffer.from("c")]);
      frames.add(frameKinds.end, 3, JSON.stringify(endOf()), []);
      frames.add(frameKinds.end, 99, JSON.stringify(endOf()), []);
      addExchange(frames, 4, beginOf(), endOf({ statusCode: 1e9 }), "d", "{}");
      addExchange(frames, 5, beginOf(), endOf(), "e", "{}");
    });
    const broken = lane.sendBytes(new Uint8Array([255, 255, 0, 0, 1, 2, 3]).buffer);
    await lane.isAcknowledged(broken);
    lane.send((frames) => addExchange(frames, 6, beginOf(), endOf(), "f", "{}"));
    await lane.drain();
    expect((await rows()).map((row) => row.seq)).toEqual(["1", "5", "6"]);
    const lost = lane.eventsNamed("traces_lost").flatMap((event) => event.ids);
    expect(lost).toHaveLength(4);
    expect(lost).toEqual(expect.arrayContaining([spoiled.id, "seq 3", "seq 99"]));
  });

  it("records a body of many megabytes while small ones pass it", async () => {
    start();
    const big = Buffer.alloc(12 * 1024 * 1024, "the quick brown fox ").toString();
    lane.send((frames) => addExchange(frames, 1, beginOf(), endOf({ usageFormat: "none" }), big, "{}"));
    const last = lane.send((frames) => addExchange(frames, 2, beginOf(), endOf(), "small", "{}"));
    await lane.isAcknowledged(last);
    await lane.drain();
    const [large, small] = await rows();
    expect(open(large, "request_body").toString() === big).toBe(true);
    expect(large.body_codec).toBe("deflate");
    expect(open(small, "request_body").toString()).toBe("small");
  });

  it("keeps an exchange that is still open at the drain as interrupted, with what was captured of it", async () => {
    start();
    const begin = beginOf({ streamed: true });
    lane.send((frames) => {
      frames.add(frameKinds.begin, 1, JSON.stringify(begin), [Buffer.from("ask")]);
      frames.add(frameKinds.chunk, 1, "", [Buffer.from("data: half an ans")]);
    });
    await lane.drain();
    const [row] = await rows();
    expect(row).toMatchObject({ id: begin.id, outcome: "interrupted", capture_truncated: true, response_bytes: "17" });
    expect(open(row, "response_body").toString()).toBe("data: half an ans");
  });

  it("names what it could not write by the deadline", async () => {
    start("postgres://nobody@127.0.0.1:9/none");
    const begins = [beginOf(), beginOf()];
    lane.send((frames) => {
      for (const [index, begin] of begins.entries()) addExchange(frames, index + 1, begin, endOf(), "a", "{}");
    });
    await lane.drain(200);
    expect(lane.eventsNamed("traces_lost").flatMap((event) => event.ids)).toEqual(begins.map((begin) => begin.id));
  });

  it("does not start with settings that it cannot keep", async () => {
    start(database.url, { masterKeys: "1:short" });
    await expect(lane.task).rejects.toThrow("master keys: entry 1 has");
    await lane.close();
    start(database.url, { durability: "disk" });
    await expect(lane.task).rejects.toThrow("durability disk needs a folder");
  });
});
