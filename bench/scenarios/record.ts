// `record`: as many traced requests as fit, then the question that counts: does Postgres have one row for each?
import { setTimeout as sleep } from "node:timers/promises";
import { plainBody } from "../bodies.js";
import { cpuPerUnit } from "../cpu-meter.js";
import { readMemory } from "../cpu-times.js";
import { type Column, cpuColumns, cpuOf, type Scenario } from "../scenario.js";
import type { World } from "../world.js";
import { faultOf } from "./closed.js";

const requestsNormal = 10_000;
const connections = 32;
const requestsAtOnce = 10_000;
const timeoutMs = 60_000;
const drainMaxMs = 60_000;
const pollMs = 50;
const megabyte = 1024 * 1024;

const columns: readonly Column[] = [
  { key: "sent", heading: "sent", digits: 0 },
  { key: "found", heading: "rows found", digits: 0 },
  { key: "perSecond", heading: "requests/s", digits: 0 },
  { key: "rowsPerSecond", heading: "rows/s", digits: 0 },
  { key: "drainMs", heading: "drain ms", digits: 0 },
  { key: "rssBeforeMb", heading: "RSS before MB", digits: 0 },
  { key: "rssAfterMb", heading: "after MB", digits: 0 },
  { key: "rssPeakMb", heading: "peak MB", digits: 0 },
  ...cpuColumns.filter(({ against }) => against === undefined),
];

export const recordEveryRequest: Scenario = {
  name: "record",
  async run(world, { scale }) {
    const requests = Math.round(requestsNormal * scale);
    await waitForRows(world, Number.POSITIVE_INFINITY);
    const rowsBefore = await world.loom.database.read();
    const rssBefore = readMemory(world.loom.process.pid).nowBytes;
    const before = world.readCpu();
    const startMs = performance.now();
    const { good, faults } = await sendAll(world, requests);
    const sentMs = performance.now();
    const rows = await waitForRows(world, rowsBefore + good);
    const endMs = performance.now();
    const found = rows - rowsBefore;
    if (found !== good) faults.push(`${good} requests were answered and ${found} rows found`);
    const memory = readMemory(world.loom.process.pid);
    const figures = {
      sent: good,
      found,
      perSecond: (good * 1000) / (sentMs - startMs),
      rowsPerSecond: (found * 1000) / (endMs - startMs),
      drainMs: endMs - sentMs,
      rssBeforeMb: rssBefore / megabyte,
      rssAfterMb: memory.nowBytes / megabyte,
      rssPeakMb: memory.peakBytes / megabyte,
      ...cpuOf("loom", cpuPerUnit(before, world.readCpu(), good)),
    };
    const notes = [
      "Memory is that of the gateway's process with its lanes. Drain is the time from the last answer to the last row.",
    ];
    const title = `${requests} traced requests over ${connections} connections`;
    return { name: "record", title, columns, rounds: { loom: [figures] }, notes, faults };
  },
};

/** In pieces, so that the samples of a long run need no memory. */
async function sendAll(world: World, requests: number): Promise<{ good: number; faults: string[] }> {
  const faults: string[] = [];
  const { url, key } = world.loom;
  let good = 0;
  for (let sent = 0; sent < requests; sent += requestsAtOnce) {
    const piece = Math.min(requestsAtOnce, requests - sent);
    const target = { url: `${url}/v1/chat/completions`, key, body: plainBody() };
    const result = await world.generator.run({ kind: "closed", ...target, connections, requests: piece, timeoutMs });
    good += result.statuses[200] ?? 0;
    const fault = faultOf(result, piece);
    if (fault !== null) faults.push(fault);
  }
  return { good, faults };
}

/** Waits for `wanted` rows; with more than there will ever be, until their number stays the same for a second. */
async function waitForRows(world: World, wanted: number): Promise<number> {
  const deadline = performance.now() + drainMaxMs;
  let rows = await world.loom.database.read();
  let changedMs = performance.now();
  while (rows < wanted && performance.now() < deadline) {
    const quietMs = performance.now() - changedMs;
    if (quietMs > (Number.isFinite(wanted) ? 20_000 : 1000)) break;
    await sleep(pollMs);
    const now = await world.loom.database.read();
    if (now !== rows) changedMs = performance.now();
    rows = now;
  }
  return rows;
}
