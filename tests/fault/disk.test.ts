// What a disk may do: be full, fail, be slow, lose what was not flushed. No answer is promised that is not kept.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { type DatabaseProxy, openDatabaseProxy } from "../support/database-proxy.js";
import { mountPowerDisk, mountSmallDisk, whyNoMount, whyNoTracer } from "./support/disks.js";
import { isOffered } from "./support/offered.js";
import { byTier, isAbove, isFull } from "./support/tier.js";
import { type World, withWorld } from "./support/world.js";

const oneLane = { LOOM_LANES: "1" };

for (const reason of new Set([whyNoMount, whyNoTracer])) {
  if (reason !== null) process.stdout.write(`fault: some disk scenarios are skipped, since ${reason}\n`);
}

function countEnds(world: World): Record<string, number> {
  const ends: Record<string, number> = {};
  for (const { end } of world.client.notes.values()) ends[String(end)] = (ends[String(end)] ?? 0) + 1;
  return ends;
}

/** The gateway under strace, with a system call that fails or dawdles. */
function tracer(inject: string, log: string): string[] {
  const calls = inject.split(":", 1)[0] ?? "";
  return [
    "strace",
    "-f",
    "-y",
    "-qq",
    "--seccomp-bpf",
    "-o",
    log,
    "-e",
    `trace=${calls},unlink,unlinkat`,
    "-e",
    `inject=${inject}`,
  ];
}

/** Every n-th write and flush up to these is one run. */
function fullTimes(call: string, error: string): number {
  if (call === "fdatasync") return 100;
  return error === "ENOSPC" ? 200 : 25;
}

/** The tracer's log, once the fault was injected, or when it was not in time. */
async function waitForInjection(log: string, timeoutMs: number): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const trace = readFileSync(log, "utf8");
    if (trace.includes("(INJECTED)") || performance.now() > deadline) return trace;
    await sleep(50);
  }
}

describeWithDatabase("a gateway whose disk", () => {
  test.skipIf(whyNoMount !== null || !isOffered("disk"))(
    "is filled up by another refuses in time and goes on after",
    { timeout: 180_000 },
    async () => {
      let proxy: DatabaseProxy | null = null;
      const through = async (url: string) => {
        proxy = await openDatabaseProxy(url);
        return proxy.url;
      };
      const disk = mountSmallDisk(96);
      const home = join(disk.folder, "home");
      mkdirSync(home);
      try {
        const env = { ...oneLane, LOOM_DURABILITY: "process" };
        await withWorld({ scenario: "spool's disk full", env, home, through }, async (world) => {
          await world.gateway.start();
          await world.sendOne("first");
          // With Postgres away no segment is given back.
          await proxy?.away();
          const load = world.load({ senders: 16 });
          await sleep(500);
          disk.fill();
          await sleep(byTier(3000, 3000, 15_000));
          const during = countEnds(world);
          disk.clear();
          await proxy?.back();
          const clearedAt = performance.now();
          let waitedMs = 0;
          for (;;) {
            const note = await world.sendOne(`again-${waitedMs}`);
            waitedMs = Math.round(performance.now() - clearedAt);
            if (note.end === "whole" || waitedMs > 10_000) break;
            await sleep(50);
          }
          await load.stop();
          // An exchange whose last frames were refused is recorded when its lane is drained.
          await world.gateway.terminate();
          await world.gateway.start();
          await world.expectWhole(1);
          expect(during["refused"]).toBeGreaterThan(0);
          expect(waitedMs).toBeLessThan(5000);
          await world.gateway.terminate();
          await proxy?.close();
        });
      } finally {
        disk.close();
      }
    },
  );

  test.skipIf(whyNoTracer !== null || !isOffered("disk") || isAbove("usual")).each([
    ["pwrite64", "ENOSPC", "process"],
    ["pwrite64", "EIO", "process"],
    ["pwrite64", "EINTR", "process"],
    ["fdatasync", "EIO", "disk"],
  ])("fails one %s with %s loses nothing", { timeout: 1_800_000 }, async (call, error, durability) => {
    const env = { ...oneLane, LOOM_DURABILITY: durability, UV_USE_IO_URING: "0" };
    await withWorld({ scenario: `${error} at the n-th ${call}`, env }, async (world) => {
      const log = join(tmpdir(), `loom-fault-trace-${process.pid}`);
      const times = isFull ? fullTimes(call, error) : 2;
      for (let time = 0; time < times; time += 1) {
        // In full each one from the first on; else one of the first, and one of those under load.
        const nth = isFull ? 1 + time : 1 + time * world.chance.int(2, 12);
        world.gateway.wrapper = tracer(`${call}:error=${error}:when=${nth}`, log);
        await world.gateway.start();
        const load = world.load({ senders: 8, changed: { gapMs: 0 } });
        const trace = await waitForInjection(log, 20_000);
        await sleep(200);
        await load.stop();
        await world.gateway.terminate();
        expect(trace, `the ${nth}th ${call} never came`).toContain("(INJECTED)");
        if (call === "fdatasync") expectNoSecondFlush(readFileSync(log, "utf8"));
      }
      world.gateway.wrapper = [];
      await world.gateway.start();
      await world.expectWhole(times);
    });
  });

  test.skipIf(whyNoTracer !== null || !isOffered("disk") || isAbove("usual"))(
    "takes its time to flush only makes answers later",
    { timeout: 180_000 },
    async () => {
      const env = { ...oneLane, LOOM_DURABILITY: "disk", UV_USE_IO_URING: "0" };
      const wrapper = tracer("fdatasync:delay_exit=200000", "/dev/null");
      await withWorld({ scenario: "every flush takes 200 ms longer", env, wrapper }, async (world) => {
        await world.gateway.start();
        const load = world.load({ senders: 32 });
        await sleep(isFull ? 15_000 : 3000);
        await load.stop();
        await world.expectWhole();
        expect(countEnds(world)["whole"]).toBeGreaterThan(30);
      });
    },
  );

  test.skipIf(whyNoMount !== null || !isOffered("disk"))(
    "loses power keeps every exchange with durability disk",
    { timeout: 900_000 },
    async () => {
      const disk = mountPowerDisk(192);
      const home = join(disk.folder, "home");
      mkdirSync(home);
      try {
        const env = { ...oneLane, LOOM_DURABILITY: "disk" };
        await withWorld({ scenario: "power cut, disk", env, home }, async (world) => {
          const cuts = byTier(2, 5, 100);
          for (let cut = 0; cut < cuts; cut += 1) {
            await world.gateway.start();
            // Each life leaves segments that the next ones have no time for: a full disk would refuse everything.
            if (cut % 4 === 3) await waitForAdoption(home);
            const load = world.load({ senders: 8 });
            await sleep(world.chance.int(50, 900));
            await world.gateway.kill();
            disk.cutPower();
            await load.stop();
          }
          await world.gateway.start();
          await waitForAdoption(home);
          const { verdict } = await world.expectWhole(cuts, "replayed");
          expect(verdict.outcomes["interrupted"]).toBeGreaterThan(0);
          await world.gateway.kill();
        });
      } finally {
        disk.close();
      }
    },
  );
});

/** Until only the folder of the running gateway's one lane is left. */
async function waitForAdoption(home: string): Promise<void> {
  const lanes = () =>
    readdirSync(join(home, "spool"), { recursive: true }).filter((name) => /lane-\d+$/.test(String(name)));
  await vi.waitUntil(() => lanes().length <= 1, { timeout: 60_000, interval: 100 });
}

/** After a flush failed, its file is never flushed again: its name comes back in no later call. */
function expectNoSecondFlush(trace: string): void {
  const lines = trace.split("\n");
  const failedAt = lines.findIndex((line) => line.includes("(INJECTED)"));
  const file = /fdatasync\((\d+<[^>]+>)/.exec(lines[failedAt] ?? "")?.[1];
  const path = /<([^>]+)>/.exec(file ?? "")?.[1] ?? "";
  const after = lines.slice(failedAt + 1);
  // A file that was removed may be made anew under its name.
  const removedAt = after.findIndex((line) => line.includes("unlink") && line.includes(path));
  const later = after
    .slice(0, removedAt < 0 ? after.length : removedAt)
    .filter((line) => line.includes(`fdatasync(${file})`));
  expect(later).toEqual([]);
}
