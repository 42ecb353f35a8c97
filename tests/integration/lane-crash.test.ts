// A lane's worker that dies: whoever waits hears it, what it held is named, and the lane goes on with a new one.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { LoomError } from "../../src/errors/loom-error.js";
import { openHandOff } from "../../src/hand-off/hand-off.js";
import type { LoomEvent } from "../../src/report/events.js";
import { beginOf, endOf } from "../support/exchanges.js";

const folder = mkdtempSync(join(tmpdir(), "loom-lane-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Acknowledges every batch; dies at the first frame of an exchange whose body says so. */
const worker = `
export function runLane({ port }) {
  return new Promise((resolve) => {
    port.on("message", (message) => {
      if (message.type === "drain") { port.close(); resolve(); return; }
      if (message.type !== "frames") return;
      if (Buffer.from(message.bytes).includes("die now")) process.exit(7);
      if (Buffer.from(message.bytes).includes("say away"))
        port.postMessage({ type: "event", event: { name: "database_away", who: "lane 0", reason: "read-only" } });
      if (Buffer.from(message.bytes).includes("say back"))
        port.postMessage({ type: "event", event: { name: "database_back", who: "lane 0", awayMs: 5 } });
      port.postMessage({ type: "acknowledged", batch: message.batch, backlogBytes: 0 });
    });
  });
}`;

test("a crashed lane fails its exchanges closed, names them, and takes new ones after its restart", async () => {
  const file = join(folder, "lane.mjs");
  writeFileSync(file, worker);
  const events: LoomEvent[] = [];
  const handOff = openHandOff({
    lanes: 1,
    laneWorker: pathToFileURL(file),
    durability: "memory",
    nodeId: "n",
    bootId: "b",
    databaseUrl: "",
    masterKeys: "",
    emit: (event) => events.push(event),
  });
  const lane = handOff.pick();
  const kept = beginOf();
  const doomed = beginOf();
  const ended = (seq: number): Promise<LoomError | null> =>
    new Promise((resolve) => lane.end(seq, endOf(), [], resolve));
  const first = lane.begin(kept, Buffer.from("fine"));
  expect(await ended(first)).toBeNull();
  const second = lane.begin(doomed, Buffer.from("die now"));
  await sleep(50);
  expect((await ended(second))?.code).toBe("record_failed");
  while (!handOff.lanes[0]?.admits) await sleep(20);
  expect(events).toContainEqual(expect.objectContaining({ name: "lane_crashed", lane: 0, exchanges: 2 }));
  expect(events).toContainEqual({ name: "traces_lost", lane: 0, ids: [kept.id, doomed.id], reason: "lane_crashed" });
  expect(await ended(lane.begin(beginOf(), Buffer.from("fine again")))).toBeNull();
  expect(lane.openExchanges).toBe(0);
  for (const [text, isWriting] of [
    ["say away", false],
    ["say back", true],
    ["say away", false],
  ] as const) {
    await ended(lane.begin(beginOf(), Buffer.from(text)));
    expect(handOff.isWriting, text).toBe(isWriting);
  }
  await ended(lane.begin(beginOf(), Buffer.from("die now")));
  expect(handOff.isWriting).toBe(true);
  await handOff.stop(1000);
});
