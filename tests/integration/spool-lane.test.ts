// A lane with a spool whose worker dies, whose disk is full, or whose spool is at its bound: the compiled worker
// behind the real hand-off.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { LoomError } from "../../src/errors/loom-error.js";
import { type HandOff, type HandOffOptions, openHandOff } from "../../src/hand-off/hand-off.js";
import type { Lane } from "../../src/hand-off/lane.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { TraceBegin } from "../../src/trace/record.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { beginOf, endOf, testBoot, testKeySalt, testMasterKeys, testNode } from "../support/exchanges.js";

const worker = new URL("../../dist/workers/lane.js", import.meta.url);
const ledgerKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const tenantId = "0190a1b2-0000-7000-8000-00000000000a";

const begun = (lane: Lane, begin: TraceBegin, body = "the request") =>
  new Promise<{ seq: number; error: LoomError | null }>((resolve) => {
    const seq = lane.begin(begin, Buffer.from(body), (error) => setImmediate(() => resolve({ seq, error })));
  });
const ended = (lane: Lane, seq: number, rest = "rest") =>
  new Promise<LoomError | null>((resolve) => lane.end(seq, endOf(), [Buffer.from(rest)], resolve));

/** The real lane, in a thread that ends at once when a file appears, without a word to anybody. */
const mortalWorker = (flag: string) => `
import { existsSync, unlinkSync } from "node:fs";
import { runLane as live } from ${JSON.stringify(worker.href)};
export function runLane(task) {
  setInterval(() => {
    if (!existsSync(${JSON.stringify(flag)})) return;
    unlinkSync(${JSON.stringify(flag)});
    process.exit(7);
  }, 2);
  return live(task);
}`;

describeWithDatabase("a lane with a spool", () => {
  let database: TestDatabase;
  let pool: Pool;
  let home: string;
  let handOff: HandOff;
  let events: LoomEvent[];

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool();
    await pool.query("INSERT INTO loom.tenants (id, name, key_salt) VALUES ($1, 'spooled', decode($2, 'base64'))", [
      tenantId,
      testKeySalt,
    ]);
  });
  afterAll(() => database.close());
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "loom-spool-"));
    events = [];
  });
  afterEach(async () => {
    await handOff.stop(5000);
    rmSync(home, { recursive: true });
  });

  function start(changed: Partial<HandOffOptions> = {}): Lane {
    handOff = openHandOff({
      lanes: 1,
      laneWorker: worker,
      durability: "process",
      spoolFolder: join(home, "spool"),
      nodeId: testNode,
      bootId: testBoot,
      databaseUrl: database.url,
      masterKeys: testMasterKeys,
      emit: (event) => events.push(event),
      ...changed,
    });
    return handOff.pick();
  }

  async function outcomeOf(id: string): Promise<{ outcome: string; response_bytes: string; count: number } | null> {
    for (let tries = 0; tries < 200; tries += 1) {
      const { rows } = await pool.query(
        "SELECT outcome, response_bytes, (SELECT count(*)::int FROM loom.traces WHERE id = $1) AS count FROM loom.traces WHERE id = $1",
        [id],
      );
      if (rows[0] !== undefined) return rows[0];
      await sleep(25);
    }
    return null;
  }

  it("goes on with what was open when its worker crashed, and loses and doubles nothing", async () => {
    const flag = join(home, "die");
    const mortal = join(home, "lane.mjs");
    writeFileSync(mortal, mortalWorker(flag));
    const lane = start({ laneWorker: pathToFileURL(mortal) });
    const finished = beginOf();
    const going = beginOf({ streamed: true });
    const first = await begun(lane, finished);
    expect(await ended(lane, first.seq)).toBeNull();
    const second = await begun(lane, going);
    lane.chunk(second.seq, [Buffer.from("one ")]);
    await begun(lane, beginOf());
    writeFileSync(flag, "");
    while (lane.admits) await sleep(5);
    lane.chunk(second.seq, [Buffer.from("two ")]);
    while (!lane.admits) await sleep(10);
    expect(events).toContainEqual(expect.objectContaining({ name: "lane_crashed" }));
    lane.chunk(second.seq, [Buffer.from("three ")]);
    expect(await ended(lane, second.seq, "four")).toBeNull();
    expect(await outcomeOf(finished.id)).toMatchObject({ outcome: "complete", count: 1 });
    expect(await outcomeOf(going.id)).toMatchObject({ outcome: "complete", count: 1 });
    await handOff.stop(5000);
    expect(events.filter(({ name }) => name === "traces_lost")).toEqual([]);
    expect(readdirSync(join(home, "spool"))).toEqual([]);
  });

  it("refuses new exchanges at its bound, ends those that it admitted, and takes new ones when there is room", async () => {
    const lane = start({
      spoolBytesMax: 8 * 1024 * 1024,
      segmentBytes: 2 * 1024 * 1024,
      databaseUrl: "postgres://127.0.0.1:1/none",
    });
    const open: number[] = [];
    let refused = 0;
    for (let count = 0; count < 400 && refused === 0; count += 1) {
      if (!lane.admits) break;
      const { seq, error } = await begun(lane, beginOf(), "x".repeat(12_000));
      if (error === null) open.push(seq);
      else refused += 1;
    }
    expect(open.length).toBeGreaterThan(3);
    await sleep(50);
    expect(lane.admits).toBe(false);
    expect(() => handOff.pick()).toThrow(expect.objectContaining({ code: "trace_store_unavailable" }));
    for (const seq of open) expect(await ended(lane, seq, "y".repeat(60_000))).toBeNull();
  });

  const placesOf = async (bootId: string) => {
    const { rows } = await pool.query(
      `SELECT seq::int, outcome AS place FROM loom.traces WHERE boot_id = $1
       UNION ALL SELECT seq::int, 'gap: ' || reason FROM loom.ledger_gaps WHERE boot_id = $1 ORDER BY seq`,
      [bootId],
    );
    return rows.map(({ seq, place }) => `${seq} ${place}`);
  };

  it("accounts for each number that a crashed worker had not taken, and for none twice", async () => {
    const flag = join(home, "die");
    const mortal = join(home, "lane.mjs");
    writeFileSync(mortal, mortalWorker(flag));
    const bootId = randomUUID();
    const lane = start({ laneWorker: pathToFileURL(mortal), ledgerKey, bootId });
    const kept = await begun(lane, beginOf());
    writeFileSync(flag, "");
    // Whatever is under way when the worker is gone: some are in the spool, some nowhere.
    const under: Promise<{ seq: number; error: LoomError | null }>[] = [];
    while (lane.admits) {
      under.push(begun(lane, beginOf()));
      await sleep(0);
    }
    const answers = await Promise.all(under);
    while (!lane.isOpen) await sleep(5);
    expect(await ended(lane, kept.seq)).toBeNull();
    for (const { seq, error } of answers) if (error === null) expect(await ended(lane, seq)).toBeNull();
    await handOff.stop(5000);
    const places = await placesOf(bootId);
    expect(places.map((place) => Number.parseInt(place, 10))).toEqual(
      Array.from({ length: answers.length + 1 }, (_, index) => index + 1),
    );
    for (const { seq, error } of answers)
      expect(places[seq - 1]).toMatch(error === null ? / complete$/ : / (interrupted|gap: lane_crashed)$/);
  });

  it("records at once what it has of an exchange for whose next frame there is no room", async () => {
    const bootId = randomUUID();
    const lane = start({ spoolBytesMax: 4 * 1024 * 1024, segmentBytes: 2 * 1024 * 1024, ledgerKey, bootId });
    const begin = beginOf({ streamed: true });
    const { seq, error } = await begun(lane, begin);
    expect(error).toBeNull();
    const heard = new Promise<LoomError | null>((resolve) => lane.chunk(seq, [Buffer.alloc(6 * 1024 * 1024)], resolve));
    expect(await heard).toMatchObject({ code: "record_failed" });
    expect(await outcomeOf(begin.id)).toMatchObject({ outcome: "interrupted", response_bytes: "6291456", count: 1 });
    expect(await ended(lane, seq)).toMatchObject({ code: "record_failed" });
    const large = await begun(lane, beginOf(), "x".repeat(6 * 1024 * 1024));
    expect(large.error).toMatchObject({ code: "record_failed" });
    await handOff.stop(5000);
    expect(await placesOf(bootId)).toEqual(["1 interrupted", "2 gap: record_failed"]);
    expect(events.filter(({ name }) => name === "traces_lost")).toEqual([]);
  });

  it("goes on beside a disk that has no room at its start, and takes exchanges when it has", async () => {
    // A link into nowhere stands for a disk on which nothing can be made.
    mkdirSync(join(home, "spool"));
    symlinkSync(join(home, "later"), join(home, "spool", testNode));
    const lane = start();
    await handOff.whenOpen();
    expect(lane.admits).toBe(false);
    expect(events.filter(({ name }) => name === "lane_crashed")).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ name: "spool_failed", what: "allocate" }));
    mkdirSync(join(home, "later"));
    while (!lane.admits) await sleep(20);
    const begin = beginOf();
    const { seq, error } = await begun(lane, begin);
    expect(error).toBeNull();
    expect(await ended(lane, seq)).toBeNull();
    expect(await outcomeOf(begin.id)).toMatchObject({ outcome: "complete" });
  });
});
