// The supervisor over real processes that are no gateways: scripts that say what a gateway would say.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LoomEvent } from "../../src/report/events.js";
import { GatewayProcess } from "../../src/supervise/gateway-process.js";
import type { SharedGround } from "../../src/supervise/messages.js";
import { Supervisor } from "../../src/supervise/supervisor.js";

/** `bad` in the folder makes a start fail; `mute` keeps a process from reporting. */
const script = `
import { existsSync } from "node:fs";
let place;
process.on("message", (message) => {
  if (message.type === "start") {
    place = message.ground.place;
    if (existsSync(new URL("bad", import.meta.url))) {
      process.send({ type: "failed", message: "the port is taken" }, () => process.exit(1));
      return;
    }
    process.send({ type: "ready", url: "http://x:" + place.port,  frontEnd: "none" });
    if (existsSync(new URL("asks", import.meta.url)) && place.slot === 0) process.send({ type: "collect", id: 77 });
  } else if (message.type === "stop") {
    setTimeout(() => process.exit(0), 50);
  } else if (message.type === "report") {
    if (!existsSync(new URL("mute", import.meta.url)) || place.slot === 0)
      process.send({ type: "reported", id: message.id, report: { slot: place.slot } });
  } else if (message.type === "collected") {
    process.send({ type: "reported", id: -1, report: message });
  }
});
process.on("disconnect", () => process.exit(1));`;

let folder: string;
let events: LoomEvent[];
let spawned: { readonly process: GatewayProcess; readonly slot: number }[];
let said: unknown[];
let supervisor: Supervisor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loom-supervisor-"));
  writeFileSync(join(folder, "member.mjs"), script);
  events = [];
  spawned = [];
  said = [];
  supervisor = new Supervisor({
    slots: 3,
    stopDeadlineMs: 2000,
    lingerMs: 10,
    emit: (event) => events.push(event),
    spawn(slot, onMessage) {
      const place = { slot, slots: 3, bootId: randomUUID(), adopt: [], port: 4321 };
      const member = new GatewayProcess({
        entry: pathToFileURL(join(folder, "member.mjs")),
        args: ["start"],
        env: {},
        ground: { place } as unknown as SharedGround,
        onMessage(message) {
          said.push(message);
          onMessage(message);
        },
      });
      spawned.push({ process: member, slot });
      return member;
    },
  });
});
afterEach(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true });
});

const living = () => spawned.filter(({ process: { state } }) => state === "ready").map(({ slot }) => slot);
const until = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 10 });

it("starts every process, and says what the first one serves", async () => {
  expect(await supervisor.start()).toMatchObject({ url: "http://x:4321", frontEnd: "none" });
  expect(living()).toEqual([0, 1, 2]);
});

it("says why a process cannot start, and leaves none behind", async () => {
  writeFileSync(join(folder, "bad"), "");
  await expect(supervisor.start()).rejects.toThrow("the port is taken");
  await until(() => expect(spawned.map(({ process: { state } }) => state)).toEqual(["gone"]));
});

it("starts a process again that died, and tries again when that fails", async () => {
  await supervisor.start();
  writeFileSync(join(folder, "bad"), "");
  process.kill(spawned[1]?.process.pid ?? 0, "SIGKILL");
  await until(() => expect(events.map(({ name }) => name)).toContain("process_failed"));
  expect(events[0]).toEqual({ name: "process_died", slot: 1, reason: "SIGKILL" });
  rmSync(join(folder, "bad"));
  await until(() => expect(living()).toEqual([0, 2, 1]));
});

it("replaces the processes one by one, each by one that serves already", async () => {
  await supervisor.start();
  let fewest = 3;
  const watching = setInterval(() => {
    fewest = Math.min(fewest, living().length);
  }, 1);
  await supervisor.roll();
  clearInterval(watching);
  expect(fewest).toBe(3);
  expect(living()).toEqual([0, 1, 2]);
  expect(spawned).toHaveLength(6);
  expect(events).toEqual([{ name: "processes_replaced", processes: 3 }]);
});

it("keeps the old processes when a new one does not start", async () => {
  await supervisor.start();
  writeFileSync(join(folder, "bad"), "");
  await supervisor.roll();
  expect(events).toEqual([{ name: "process_failed", reason: "the port is taken" }]);
  expect(living()).toEqual([0, 1, 2]);
});

it("gathers what all processes report for the one that asks, and waits a second at most", async () => {
  writeFileSync(join(folder, "asks"), "");
  await supervisor.start();
  const answer = (reports: object[]) => ({
    type: "reported",
    id: -1,
    report: { type: "collected", id: 77, reports },
  });
  await until(() => expect(said).toContainEqual(answer([{ slot: 0 }])));
  writeFileSync(join(folder, "mute"), "");
  await supervisor.roll();
  await until(() => expect(said.filter((message) => JSON.stringify(message).includes("collected"))).toHaveLength(2));
});

it("kills a process that does not stop in time", async () => {
  await supervisor.start();
  process.kill(spawned[2]?.process.pid ?? 0, "SIGSTOP");
  const startedAt = performance.now();
  await supervisor.stop();
  expect(performance.now() - startedAt).toBeGreaterThan(1900);
  await sleep(10);
  expect(living()).toEqual([]);
});
