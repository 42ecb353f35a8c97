// What recovery costs, as figures: how fast a backlog drains when Postgres is back, and how long a gateway takes to be
// ready beside 1 GB that a kill left. Only in the full run; each figure goes to the results.
import { appendFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { uuidv7 } from "uuidv7";
import { expect, test } from "vitest";
import { type HandOff, openHandOff } from "../../src/hand-off/hand-off.js";
import type { Lane } from "../../src/hand-off/lane.js";
import { describeWithDatabase, openTestDatabase } from "../support/database.js";
import { openDatabaseProxy } from "../support/database-proxy.js";
import { beginOf, endOf, testKeySalt, testMasterKeys, testNode } from "../support/exchanges.js";
import { readMasterKeys } from "../support/traces.js";
import { answerBytes, makePlan, requestBody } from "./support/plan.js";
import { Chance } from "./support/random.js";
import { countRows } from "./support/recorded.js";
import { isAbove } from "./support/tier.js";
import { withWorld } from "./support/world.js";

const laneWorker = new URL("../../dist/workers/lane.js", import.meta.url);

function tell(figure: string, values: Readonly<Record<string, number | string>>): void {
  const text = JSON.stringify({ figure, ...values, load: Math.round((loadavg()[0] ?? 0) * 10) / 10 });
  process.stdout.write(`fault: ${text}\n`);
  const file = process.env["FAULT_RESULTS"];
  if (file !== undefined) appendFileSync(file, `${text}\n`);
}

type Bodies = { readonly streamed: boolean; readonly request: Buffer; readonly answer: Buffer };

function bodiesOf(streamed: boolean, fill: number): Bodies {
  const plan = makePlan("figure", new Chance(1), { streamed, requestFill: fill, answerFill: fill, events: 12 });
  return { streamed, request: requestBody(plan), answer: answerBytes(plan) };
}

/** The tenant of the gateway's own first key. */
async function readTenant(url: string): Promise<{ id: string; keySalt: string }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; salt: Buffer }>(
      "SELECT n.id, n.key_salt AS salt FROM loom.tenants n JOIN loom.traces t ON t.tenant_id = n.id LIMIT 1",
    );
    const [row] = rows;
    if (row === undefined) throw new Error("there is no tenant");
    return { id: row.id, keySalt: row.salt.toString("base64") };
  } finally {
    await client.end();
  }
}

/** Hands over whole exchanges as fast as the lanes keep them. */
async function handOver(handOff: HandOff, count: number, bodies: Bodies, tenant: { id: string; keySalt: string }) {
  const { streamed, request, answer } = bodies;
  const contentType = streamed ? "text/event-stream" : "application/json";
  const put = (lane: Lane) =>
    new Promise<void>((resolve, reject) => {
      const seq = lane.begin(beginOf({ streamed, tenantId: tenant.id, keySalt: tenant.keySalt }), request);
      const end = endOf({ requestBytes: request.length, responseBytes: answer.length, contentType });
      lane.end(seq, end, [answer], (error) => (error === null ? resolve() : reject(error)));
    });
  for (let at = 0; at < count; at += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - at) }, () => put(handOff.pick())));
  }
}

describeWithDatabase("recovery", () => {
  test.each([
    ["JSON", false],
    ["SSE", true],
  ] as const)(
    "drains a backlog of %s exchanges",
    { skip: isAbove("full"), timeout: 400_000 },
    async (name, streamed) => {
      await withWorld({ scenario: `drain rate, ${name}` }, async (world) => {
        const database = await openTestDatabase();
        const proxy = await openDatabaseProxy(database.url, "away");
        const pool = database.pool(1);
        const tenant = { id: "0190a1b2-0000-7000-8000-00000000000a", keySalt: testKeySalt };
        await pool.query("INSERT INTO loom.tenants (id, name, key_salt) VALUES ($1, 'figures', decode($2, 'base64'))", [
          tenant.id,
          tenant.keySalt,
        ]);
        const settings = { nodeId: testNode, bootId: uuidv7(), databaseUrl: proxy.url, masterKeys: testMasterKeys };
        const handOff = openHandOff({
          ...settings,
          lanes: 2,
          laneWorker,
          durability: "process",
          spoolFolder: join(world.gateway.home, "spool"),
          emit: () => {},
        });
        try {
          await handOff.whenOpen();
          const rows = 20_000;
          const bodies = bodiesOf(streamed, 1500);
          await handOver(handOff, rows, bodies, tenant);
          await proxy.back();
          const backAt = performance.now();
          let first = 0;
          let firstAt = backAt;
          for (let found = 0; found < rows; ) {
            await sleep(25);
            found = await countRows(database.url);
            if (first === 0 && found > 0) [first, firstAt] = [found, performance.now()];
          }
          const doneAt = performance.now();
          const sizes = { requestBytes: bodies.request.length, answerBytes: bodies.answer.length };
          tell(`drain rate, ${name}`, {
            rows,
            ...sizes,
            firstRowMs: Math.round(firstAt - backAt),
            rowsPerSecond: Math.round(((rows - first) * 1000) / (doneAt - firstAt)),
          });
        } finally {
          await handOff.stop(5000);
          await proxy.close();
          await database.close();
        }
      });
    },
  );

  test("is ready beside 1 GB that was left", { skip: isAbove("full"), timeout: 600_000 }, async () => {
    await withWorld({ scenario: "ready beside 1 GB", env: { LOOM_DURABILITY: "process" } }, async (world) => {
      await world.gateway.start();
      await world.sendOne("first");
      await world.settle();
      await world.gateway.terminate();
      const tenant = await readTenant(world.databaseUrl);
      const bodies = bodiesOf(false, 100_000);
      const count = Math.ceil(1_000_000_000 / (bodies.request.length + bodies.answer.length));
      const handOff = openHandOff({
        nodeId: testNode,
        bootId: uuidv7(),
        // Nothing listens there: all stays in the spool.
        databaseUrl: "postgres://nobody@127.0.0.1:9/none",
        masterKeys: readMasterKeys(world.gateway.home),
        lanes: 2,
        laneWorker,
        durability: "process",
        spoolFolder: join(world.gateway.home, "spool"),
        emit: () => {},
      });
      await handOff.whenOpen();
      const writtenFrom = performance.now();
      await handOver(handOff, count, bodies, tenant);
      const writeMs = performance.now() - writtenFrom;
      await handOff.stop(0);
      const before = await countRows(world.databaseUrl);
      const startedAt = performance.now();
      await world.gateway.start();
      const readyMs = performance.now() - startedAt;
      const answeredFrom = performance.now();
      expect((await world.sendOne("at once")).end).toBe("whole");
      const answeredMs = performance.now() - answeredFrom;
      while ((await countRows(world.databaseUrl)) < before + count + 1) await sleep(100);
      tell("1 GB left by a kill", {
        exchanges: count,
        writeMs: Math.round(writeMs),
        readyMs: Math.round(readyMs),
        firstAnswerMs: Math.round(answeredMs),
        allInPostgresMs: Math.round(performance.now() - startedAt),
      });
      const audit = await world.gateway.run("audit", "verify", "--json");
      expect(audit.code, audit.printed).toBe(0);
    });
  });
});
