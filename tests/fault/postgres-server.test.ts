// What may happen to the whole server of a running gateway: frozen, ended without a checkpoint, without connections.
import { chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, test } from "vitest";
import { describeWithEmbedded } from "../support/database.js";
import { mountSmallDisk, whyNoMount } from "./support/disks.js";
import { type OwnServer, runOnce, startOwnServer } from "./support/own-server.js";
import { byTier, isAbove, isFull } from "./support/tier.js";
import { type World, type WorldOptions, withWorld } from "./support/world.js";

async function withServer(options: WorldOptions, work: (world: World, server: OwnServer) => Promise<void>) {
  const server = await startOwnServer();
  try {
    await withWorld({ ...options, database: { url: server.url } }, (world) => work(world, server));
  } finally {
    await server.close();
  }
}

function countWhole(world: World): number {
  return [...world.client.notes.values()].filter(({ end }) => end === "whole").length;
}

/** Takes every connection that the server has, those that Loom holds included, until it is called to give them back. */
async function takeConnections(url: string): Promise<() => Promise<void>> {
  const killer = new pg.Client({ connectionString: url, application_name: "hog" });
  await killer.connect();
  const taken: pg.Client[] = [killer];
  let state: "taking" | "over" = "taking";
  const takeAll = async (): Promise<void> => {
    while (state === "taking") {
      const client = new pg.Client({ connectionString: url, application_name: "hog" });
      client.on("error", () => {});
      try {
        await client.connect();
        taken.push(client);
      } catch {
        await sleep(2);
      }
    }
  };
  const takers = Array.from({ length: 4 }, takeAll);
  await sleep(1000);
  await killer.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'loom%'");
  return async () => {
    state = "over";
    await Promise.all(takers);
    await Promise.all(taken.map((each) => each.end()));
  };
}

describeWithEmbedded("a running gateway whose Postgres server", () => {
  test("is frozen by SIGSTOP", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withServer({ scenario: "postgres frozen by SIGSTOP" }, async (world, server) => {
      await world.gateway.start();
      const load = world.load({ senders: 16, pauseMs: isFull ? 20 : 0 });
      await sleep(800);
      server.freeze();
      const before = countWhole(world);
      await sleep(isFull ? 60_000 : 4000);
      const during = countWhole(world) - before;
      server.thaw();
      await sleep(500);
      await load.stop();
      await world.expectWhole();
      expect(during).toBeGreaterThan(50);
      if (isFull) expect(world.gateway.count("database_away")).toBeGreaterThan(0);
    });
  });

  test("ends at once, again and again", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withServer({ scenario: "postgres stopped by -m immediate" }, async (world, server) => {
      await world.gateway.start();
      const load = world.load({ senders: 16 });
      const stops = byTier(0, 3, 20);
      for (let stop = 0; stop < stops; stop += 1) {
        await sleep(world.chance.int(500, 1500));
        server.stopImmediately();
      }
      await sleep(1500);
      await load.stop();
      await world.expectWhole(stops);
      expect(world.gateway.count("database_back")).toBeGreaterThan(0);
    });
  });

  test.skipIf(whyNoMount !== null || isAbove("usual"))("has no room on its disk", { timeout: 240_000 }, async () => {
    const disk = mountSmallDisk(256);
    try {
      await withServer({ scenario: "postgres out of disk" }, async (world, server) => {
        await world.gateway.start();
        const month = new Date().toISOString().slice(0, 7).replace("-", "_");
        const space = join(disk.folder, "space");
        mkdirSync(space, { mode: 0o700 });
        const { uid, gid } = statSync(server.dataDir);
        chownSync(space, uid, gid);
        await runOnce(
          server.url,
          `CREATE TABLESPACE small LOCATION '${space}'`,
          `ALTER TABLE loom.traces_${month} SET TABLESPACE small`,
        );
        const load = world.load({ senders: 16 });
        await sleep(500);
        disk.fill();
        await sleep(isFull ? 20_000 : 4000);
        disk.clear();
        await sleep(500);
        await load.stop();
        await world.expectWhole();
        expect(world.gateway.count("database_away")).toBeGreaterThan(0);
        await world.gateway.terminate();
        await runOnce(
          server.url,
          `ALTER TABLE loom.traces_${month} SET TABLESPACE pg_default`,
          "DROP TABLESPACE small",
        );
      });
    } finally {
      disk.close();
    }
  });

  test("has no connection left", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withServer({ scenario: "postgres out of connections" }, async (world, server) => {
      await world.gateway.start();
      const load = world.load({ senders: 16 });
      await sleep(500);
      const giveBack = await takeConnections(server.url);
      await sleep(isFull ? 10_000 : 3000);
      await giveBack();
      await sleep(500);
      await load.stop();
      await world.expectWhole();
      expect(world.gateway.count("database_away")).toBeGreaterThan(0);
    });
  });
});
