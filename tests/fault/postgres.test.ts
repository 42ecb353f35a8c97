// What Postgres may do to a running gateway on one connection, one table or one row. Requests go on, nothing is lost
// or doubled, and the backlog drains by itself.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { type DatabaseProxy, openDatabaseProxy } from "../support/database-proxy.js";
import { openCommitProxy } from "./support/commit-proxy.js";
import { runOnce } from "./support/own-server.js";
import { Chance } from "./support/random.js";
import { byTier, isAbove, isFull } from "./support/tier.js";
import { type Readiness, type World, withWorld } from "./support/world.js";

/** Many small exchanges. */
const small = { answerFill: 200, requestFill: 100, gapMs: 0, headMs: 0 };

function killConnections(world: World): Promise<void> {
  return runOnce(
    world.databaseUrl,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'loom%'",
  );
}

/** The least that a slow Postgres takes more for a statement. */
const slowMs = 300;

function backlogOf(lanes: Readiness["checks"]["lanes"]): number {
  return lanes.reduce((sum, { backlogBytes }) => sum + backlogBytes, 0);
}

/** All that was asked for while the fault lasted was answered. */
function expectNoneTurnedAway(world: World): void {
  const ends = [...world.client.notes.values()].filter(({ end }) => end !== "whole");
  expect(
    ends.map(({ end, status, errorCode, plan }) => `${plan.id}: ${end} ${status} ${errorCode}`).slice(0, 5),
  ).toEqual([]);
}

describeWithDatabase("a running gateway whose Postgres", () => {
  test("goes away and comes back", async () => {
    let proxy: DatabaseProxy | null = null;
    const through = async (url: string) => {
      proxy = await openDatabaseProxy(url);
      return proxy.url;
    };
    await withWorld({ scenario: "postgres stopped while running", through }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 16 });
      await sleep(800);
      await proxy?.away();
      await sleep(byTier(1500, 2500, 20_000));
      expect((await world.readiness())?.status).toBe("degraded");
      await proxy?.back();
      await sleep(800);
      await load.stop();
      await world.expectWhole();
      expectNoneTurnedAway(world);
      expect(world.gateway.count("database_away")).toBeGreaterThan(0);
      expect(world.gateway.count("database_back")).toBeGreaterThan(0);
      await world.gateway.terminate();
      await proxy?.close();
    });
  });

  test("is frozen behind open sockets", { timeout: 180_000, skip: isAbove("full") }, async () => {
    let proxy: DatabaseProxy | null = null;
    const through = async (url: string) => {
      proxy = await openDatabaseProxy(url);
      return proxy.url;
    };
    await withWorld({ scenario: "postgres silent behind open sockets", through }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 16, pauseMs: 20 });
      await sleep(800);
      proxy?.freeze();
      await sleep(40_000);
      expect((await world.readiness())?.status).toBe("degraded");
      proxy?.thaw();
      await sleep(800);
      await load.stop();
      await world.expectWhole();
      expectNoneTurnedAway(world);
      await world.gateway.terminate();
      await proxy?.close();
    });
  });

  test("takes 300 to 800 ms more for each statement", { timeout: 120_000 }, async () => {
    let proxy: DatabaseProxy | null = null;
    const through = async (url: string) => {
      proxy = await openDatabaseProxy(url);
      return proxy.url;
    };
    await withWorld({ scenario: "postgres slow", through }, async (world) => {
      await world.gateway.start();
      // A key that is not in the cache yet would have to wait for Postgres.
      await world.sendOne("first");
      await world.settle();
      const recorded = world.gateway.count("traces_recorded");
      proxy?.slow(() => world.chance.int(slowMs, 800));
      const load = world.load({ senders: 8, changed: small, pauseMs: 10 });
      const backlogs: number[] = [];
      const until = performance.now() + byTier(3500, 8000, 60_000);
      while (performance.now() < until || world.gateway.count("traces_recorded") === recorded) {
        await sleep(100);
        const lanes = (await world.readiness())?.checks.lanes ?? [];
        expect(lanes.map(({ admits }) => admits)).toEqual([true, true]);
        backlogs.push(backlogOf(lanes));
      }
      await load.stop();
      proxy?.slow(() => 0);
      // Rows came in, and the answers waited for none of them.
      expect(proxy?.slowed.pieces).toBeGreaterThan(10);
      expect(Math.max(...backlogs)).toBeGreaterThan(2 * (backlogs[0] ?? 0));
      const took = [...world.client.notes.values()].map((note) => note.endedAtMs - note.startedAtMs);
      expect(took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.95)]).toBeLessThan(slowMs);
      await world.expectWhole();
      expectNoneTurnedAway(world);
      expect(backlogOf((await world.readiness())?.checks.lanes ?? [])).toBe(0);
      await world.gateway.terminate();
      await proxy?.close();
    });
  });

  test("kills every connection each 200 ms", { timeout: 180_000, skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "connections killed every 200 ms" }, async (world) => {
      await world.gateway.start();
      // A key that is not in the cache yet would need a connection that lives.
      await world.sendOne("first");
      const load = world.load({ senders: 16 });
      const until = performance.now() + (isFull ? 60_000 : 2500);
      while (performance.now() < until) {
        await killConnections(world);
        await sleep(200);
      }
      await load.stop();
      await world.expectWhole();
      expectNoneTurnedAway(world);
    });
  });

  test("loses the word of a commit", { timeout: 1_200_000 }, async () => {
    const wanted = byTier(6, 30, 500);
    const chance = new Chance(Date.now());
    let proxy: Awaited<ReturnType<typeof openCommitProxy>> | null = null;
    const through = async (url: string) => {
      proxy = await openCommitProxy(url, () => chance.int(0, 2 ** 31));
      return proxy.url;
    };
    await withWorld({ scenario: "commit acknowledgement lost", through, env: { LOOM_LANES: "4" } }, async (world) => {
      await world.gateway.start();
      proxy?.lose(40);
      const load = world.load({ senders: 8, changed: small, pauseMs: 20 });
      const deadline = performance.now() + byTier(60_000, 120_000, 900_000);
      while ((proxy?.cut.done ?? 0) < wanted && performance.now() < deadline) await sleep(50);
      proxy?.lose(0);
      await load.stop();
      await world.expectWhole(proxy?.cut.done, "repeated");
      expect(proxy?.cut.done).toBeGreaterThanOrEqual(wanted);
      expect(proxy?.cut.undone).toBeGreaterThan(0);
      await world.gateway.terminate();
      await proxy?.close();
    });
  });

  test("becomes read-only", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "postgres read-only" }, async (world) => {
      await world.gateway.start();
      const name = new URL(world.databaseUrl).pathname.slice(1);
      const load = world.load({ senders: 16 });
      await sleep(500);
      await runOnce(world.databaseUrl, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      await killConnections(world);
      await sleep(isFull ? 20_000 : 3000);
      expect((await world.readiness())?.status).toBe("degraded");
      await runOnce(
        world.databaseUrl,
        "SET default_transaction_read_only = off",
        `ALTER DATABASE ${name} RESET default_transaction_read_only`,
      );
      await sleep(500);
      await load.stop();
      await world.expectWhole();
      expectNoneTurnedAway(world);
      expect(world.gateway.count("database_away")).toBeGreaterThan(0);
    });
  });

  test("has no partition for the rows", { skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "missing partition" }, async (world) => {
      await world.gateway.start();
      // The rows of before are gone with it, so the fault comes first.
      await runOnce(
        world.databaseUrl,
        `DROP TABLE loom.traces_${new Date().toISOString().slice(0, 7).replace("-", "_")}`,
      );
      const load = world.load({ senders: 8 });
      await sleep(2000);
      await load.stop();
      await world.expectWhole();
      expectNoneTurnedAway(world);
    });
  });

  test("has another schema than Loom's", { skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "schema changed under the writer" }, async (world) => {
      await world.gateway.start();
      await world.sendOne("first");
      const load = world.load({ senders: 8 });
      await runOnce(world.databaseUrl, "ALTER TABLE loom.traces ADD COLUMN one_more text");
      await sleep(800);
      const atOnce = world.gateway.count("traces_recorded");
      expect(atOnce).toBeGreaterThan(0);
      await runOnce(world.databaseUrl, "ALTER TABLE loom.traces RENAME COLUMN session_id TO renamed");
      await sleep(isFull ? 15_000 : 2500);
      expect((await world.readiness())?.status).toBe("degraded");
      await runOnce(world.databaseUrl, "ALTER TABLE loom.traces RENAME COLUMN renamed TO session_id");
      await sleep(500);
      await load.stop();
      expectNoneTurnedAway(world);
      await runOnce(world.databaseUrl, "ALTER TABLE loom.traces DROP COLUMN one_more");
      await world.expectWhole();
    });
  });

  test("locks the table", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "table locked" }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 16, pauseMs: isFull ? 20 : 0 });
      await sleep(500);
      const seconds = isFull ? 60 : 4;
      await runOnce(
        world.databaseUrl,
        `BEGIN; LOCK TABLE loom.traces IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(${seconds}); COMMIT`,
      );
      await sleep(500);
      await load.stop();
      await world.expectWhole();
      expectNoneTurnedAway(world);
    });
  });

  test("refuses the first, a middle and the last row of a batch", async () => {
    await withWorld({ scenario: "poison rows" }, async (world) => {
      await world.gateway.start();
      await runOnce(
        world.databaseUrl,
        "ALTER TABLE loom.traces ADD CONSTRAINT no_poison CHECK (session_id IS DISTINCT FROM 'x' AND request_id NOT LIKE '%7') NOT VALID",
      );
      const load = world.load({ senders: 24, changed: small });
      const deadline = performance.now() + 30_000;
      while (world.gateway.count("trace_dead") < byTier(10, 20, 100) && performance.now() < deadline) await sleep(100);
      await load.stop();
      const poison = [...world.client.notes.keys()].filter((id) => id.endsWith("7")).length;
      const { verdict } = await world.settle();
      expect(poison).toBeGreaterThanOrEqual(10);
      expect([verdict.dead, world.gateway.count("trace_dead")]).toEqual([poison, poison]);
      await runOnce(world.databaseUrl, "ALTER TABLE loom.traces DROP CONSTRAINT no_poison");
      await world.expectWhole(poison, "bisected");
    });
  });
});
