import { MessageChannel } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { Lane } from "../../../../src/hand-off/lane.js";
import { UnrecordedLane } from "../../../../src/hand-off/unrecorded.js";
import type { LoomEvent } from "../../../../src/report/events.js";
import type { ToLane } from "../../../../src/trace/lane-messages.js";
import { beginOf, endOf } from "../../../support/exchanges.js";

async function receive(count: number, port: MessageChannel["port1"]): Promise<ToLane[]> {
  const messages: ToLane[] = [];
  await new Promise<void>((resolve) => {
    port.on("message", (message: ToLane) => {
      messages.push(message);
      if (messages.length === count) resolve();
    });
  });
  return messages;
}

describe("an exchange that is served and not recorded", () => {
  it("gets a number of its lane, is told to the ledger, and waits for nobody", async () => {
    const events: LoomEvent[] = [];
    const lane = new Lane(3, "process", (event) => events.push(event));
    const { port1, port2 } = new MessageChannel();
    const received = receive(1, port2);
    lane.attach(port1);
    const begin = beginOf();
    const stand = new UnrecordedLane(lane, "trace_store_unavailable");
    const kept = new Promise((resolve) => stand.begin(begin, Buffer.from("body"), resolve));
    expect(await kept).toBeNull();
    const { id, tenantId, createdAtMs } = begin;
    const exchange = { seq: 1, id, tenantId, createdAtMs, reason: "trace_store_unavailable" };
    expect(await received).toEqual([{ type: "skipped", exchange }]);
    expect(await new Promise((resolve) => stand.end(1, endOf(), [], resolve))).toBeNull();
    expect(events).toEqual([
      { name: "exchange_unrecorded", lane: 3, traceId: id, tenantId, reason: "trace_store_unavailable" },
    ]);
    expect(lane.openExchanges).toBe(0);
    port1.close();
  });

  it("is told to the ledger when its lane has a worker again", async () => {
    const lane = new Lane(0, "process", () => {});
    const stand = new UnrecordedLane(lane, "away");
    stand.begin(beginOf(), Buffer.alloc(0));
    stand.begin(beginOf(), Buffer.alloc(0));
    const { port1, port2 } = new MessageChannel();
    const received = receive(2, port2);
    lane.attach(port1);
    expect((await received).map((message) => message.type === "skipped" && message.exchange.seq)).toEqual([1, 2]);
    port1.close();
  });
});
