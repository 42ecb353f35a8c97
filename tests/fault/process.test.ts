// What may happen to the whole process while it lives: signals, a clock that jumps, no descriptors left.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { isAbove, isFull } from "./support/tier.js";
import { withWorld } from "./support/world.js";

const hourMs = 3_600_000;

describeWithDatabase("a gateway", () => {
  test("ends 200 open streams well after SIGTERM", { timeout: 240_000 }, async () => {
    await withWorld({ scenario: "SIGTERM with 200 open streams" }, async (world) => {
      await world.gateway.start();
      await world.sendOne("first");
      const slow = { streamed: true, answerFill: 4000, requestFill: 200, events: 10, gapMs: 200, headMs: 0 };
      const streams = Array.from({ length: 200 }, (_, index) => world.sendOne(`stream-${index}`, slow));
      await sleep(1200);
      expect(await world.gateway.terminate()).toBe(0);
      const ends = (await Promise.all(streams)).map(({ end }) => end);
      expect(ends.filter((end) => end !== "whole")).toEqual([]);
      await world.gateway.start();
      await world.expectWhole(200);
    });
  });

  test("records the streams that its drain time cuts", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    const env = { LOOM_DRAIN_TIMEOUT_MS: "500" };
    await withWorld({ scenario: "SIGTERM, drain time over", env }, async (world) => {
      await world.gateway.start();
      await world.sendOne("first");
      const streams = Array.from({ length: 200 }, (_, index) =>
        world.sendOne(`stream-${index}`, {
          streamed: true,
          answerFill: 4000,
          requestFill: 200,
          events: 20,
          gapMs: 200,
        }),
      );
      await sleep(1500);
      expect(await world.gateway.terminate()).toBe(0);
      await Promise.all(streams);
      await world.gateway.start();
      const { verdict } = await world.expectWhole(200);
      expect(verdict.outcomes["complete"]).toBeLessThan(150);
    });
  });

  test("keeps its records apart when the clock jumps", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "clock jumps", commands: true }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 8 });
      for (const offsetMs of [hourMs, -hourMs, 24 * 45 * hourMs, -24 * 45 * hourMs, 24 * 400 * hourMs, 0]) {
        await sleep(isFull ? 3000 : 600);
        world.command("clock", offsetMs);
      }
      await sleep(600);
      await load.stop();
      await world.expectWhole();
    });
  });

  test("lives without descriptors, and has them again", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    const wrapper = ["bash", "-c", 'ulimit -n 160; exec "$@"', "--"];
    await withWorld({ scenario: "descriptors exhausted", wrapper }, async (world) => {
      world.gateway.wrapsByExec = true;
      await world.gateway.start();
      await world.sendOne("first");
      const load = world.load({ senders: 8 });
      await sleep(300);
      const { port } = new URL(world.gateway.door()?.url ?? "");
      const idle: Socket[] = [];
      for (let count = 0; count < 300; count += 1) {
        const socket = connect(Number(port), "127.0.0.1");
        socket.on("error", () => {});
        idle.push(socket);
      }
      await sleep(2000);
      for (const socket of idle) socket.destroy();
      await sleep(500);
      await load.stop();
      expect(world.gateway.isRunning).toBe(true);
      await world.expectWhole();
    });
  });
});
