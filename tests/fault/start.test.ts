// Starts that meet something in the way: no Postgres, another gateway on the same home, an older one beside them.
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { type DatabaseProxy, openDatabaseProxy } from "../support/database-proxy.js";
import { GatewayProcess } from "./support/gateway-process.js";
import { isAbove, isFull } from "./support/tier.js";
import { withWorld } from "./support/world.js";

describeWithDatabase("a gateway that starts", () => {
  test("while Postgres is away serves the keys that it knows", {
    timeout: 240_000,
    skip: isAbove("usual"),
  }, async () => {
    let proxy: DatabaseProxy | null = null;
    const through = async (url: string) => {
      proxy = await openDatabaseProxy(url);
      return proxy.url;
    };
    await withWorld({ scenario: "postgres away at start", through }, async (world) => {
      await world.gateway.start();
      // The word of the key's making may come a moment after the key; from then on it is known.
      await sleep(300);
      await world.sendOne("known");
      await world.gateway.terminate();
      await proxy?.away();
      await world.gateway.start();
      const load = world.load({ senders: 8 });
      await sleep(isFull ? 30_000 : 3000);
      expect((await world.readiness())?.status).toBe("degraded");
      const whole = [...world.client.notes.values()].filter(({ end }) => end === "whole");
      expect(whole.length, world.gateway.output).toBeGreaterThan(50);
      await proxy?.back();
      await sleep(500);
      await load.stop();
      await world.expectWhole();
      await world.gateway.terminate();
      await proxy?.close();
    });
  });

  test("on a home that another one holds refuses, and does no harm", { skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "second gateway on one home" }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 8 });
      await sleep(300);
      const second = new GatewayProcess({ home: world.gateway.home, env: world.gateway.env });
      await expect(second.start()).rejects.toThrow("before it was ready");
      await sleep(300);
      await load.stop();
      await world.expectWhole();
    });
  });

  test("beside an older one takes over while it drains", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "rolling start beside an old process" }, async (world) => {
      await world.gateway.start();
      const home = join(world.gateway.home, "next");
      mkdirSync(home, { mode: 0o700 });
      // One ledger key for both, as an operator of several gateways has it.
      for (const name of ["demo.json", "ledger-key"]) {
        copyFileSync(join(world.gateway.home, name), join(home, name));
      }
      const masterKeys = readFileSync(join(world.gateway.home, "master-keys"), "utf8").trim();
      const next = new GatewayProcess({ home, env: { ...world.gateway.env, LOOM_MASTER_KEYS: masterKeys } });
      try {
        let door = world.gateway.door;
        const load = world.load({ senders: 16, door: () => door() });
        await sleep(800);
        await next.start();
        door = next.door;
        await sleep(100);
        expect(await world.gateway.terminate()).toBe(0);
        await sleep(800);
        await load.stop();
        expect(await next.terminate()).toBe(0);
        const ends = [...world.client.notes.values()].filter(({ end }) => end !== "whole");
        expect(ends.map(({ plan, end }) => `${plan.id}: ${end}`)).toEqual([]);
        await world.gateway.start();
        await world.expectWhole();
      } finally {
        await next.kill();
      }
    });
  });
});
