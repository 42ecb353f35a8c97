import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LoomError } from "../../../../src/errors/loom-error.js";
import { Lane } from "../../../../src/hand-off/lane.js";
import { limits } from "../../../../src/limits.js";
import type { LoomEvent } from "../../../../src/report/events.js";
import { readFrames } from "../../../../src/trace/frames.js";
import type { FromLane, ToLane } from "../../../../src/trace/lane-messages.js";
import type { TraceBegin, TraceEnd } from "../../../../src/trace/record.js";

const begin = (id: string) => ({ id }) as TraceBegin;
const end = { outcome: "complete" } as TraceEnd;
const nothing: readonly Uint8Array[] = [];

/** The worker's end of the channel: it keeps what came and answers only when it is told to. */
class Worker {
  readonly messages: ToLane[] = [];
  readonly port: MessagePort;

  constructor(port: MessagePort) {
    this.port = port;
    port.on("message", (message: ToLane) => this.messages.push(message));
  }

  get frames(): string[] {
    return this.messages.flatMap((message) =>
      message.type === "frames"
        ? [...readFrames(message.bytes)].map(
            ({ kind, seq, record, body }) => `${message.batch}:${kind}:${seq}:${record.toString()}${body.toString()}`,
          )
        : [],
    );
  }

  say(message: FromLane): void {
    this.port.postMessage(message);
  }

  acknowledge(batch: number, backlogBytes = 0): void {
    this.say({ type: "acknowledged", batch, backlogBytes });
  }
}

let events: LoomEvent[];
let heard: string[];
let lane: Lane;
let worker: Worker;
let channels: MessageChannel[];

function attach(): Worker {
  const channel = new MessageChannel();
  channels.push(channel);
  lane.attach(channel.port1);
  return new Worker(channel.port2);
}

const hear = (name: string) => (error: LoomError | null) => heard.push(error === null ? name : `${name} ${error.code}`);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const sent = (count: number) =>
  vi.waitFor(() => expect(worker.messages).toHaveLength(count), { interval: 2, timeout: 8000 });
const told = (names: string[]) => vi.waitFor(() => expect(heard).toEqual(names), { interval: 2, timeout: 8000 });

beforeEach(() => {
  events = [];
  heard = [];
  channels = [];
  lane = new Lane(7, "memory", (event) => events.push(event));
  worker = attach();
});
afterEach(() => {
  for (const { port1, port2 } of channels) {
    port1.close();
    port2.close();
  }
});

describe("a lane", () => {
  it("numbers exchanges from 1 without gaps, and packs the frames of one turn into one message", async () => {
    const first = lane.begin(begin("a"), Buffer.from("body"));
    const second = lane.begin(begin("b"), Buffer.from(""));
    lane.chunk(first, [Buffer.from("x"), Buffer.from("y")]);
    lane.end(second, end, [Buffer.from("z")], hear("b"));
    await sent(1);
    expect(worker.frames).toEqual([
      '1:1:1:{"id":"a"}body',
      '1:1:2:{"id":"b"}',
      "1:2:1:xy",
      '1:3:2:{"outcome":"complete"}z',
    ]);
    lane.end(first, end, nothing, hear("a"));
    worker.acknowledge(1);
    await sent(2);
    expect(worker.frames.at(-1)).toBe('2:3:1:{"outcome":"complete"}');
  });

  it("has one message under way, and sends all that came meanwhile in the next", async () => {
    const [first, second] = ["a", "b"].map((id) => lane.begin(begin(id), Buffer.from("")));
    await sent(1);
    lane.end(first as number, end, nothing, hear("a"));
    await turn();
    lane.end(second as number, end, nothing, hear("b"));
    await turn();
    expect(worker.messages).toHaveLength(1);
    worker.acknowledge(1);
    await sent(2);
    expect(worker.frames.slice(2)).toEqual(['2:3:1:{"outcome":"complete"}', '2:3:2:{"outcome":"complete"}']);
  });

  it("calls back in order, once, and only for batches that were acknowledged", async () => {
    const seqs = ["a", "b", "c"].map((id) => lane.begin(begin(id), Buffer.from("")));
    await sent(1);
    for (const [index, seq] of seqs.entries()) {
      lane.end(seq, end, nothing, hear(`end ${index}`));
      worker.acknowledge(index + 1);
      await sent(index + 2);
    }
    await told(["end 0", "end 1"]);
    worker.acknowledge(3);
    worker.acknowledge(4);
    await told(["end 0", "end 1", "end 2"]);
  });

  it("calls back for a begin when somebody waits for it", async () => {
    lane.begin(begin("a"), Buffer.from(""), hear("begin"));
    await sent(1);
    worker.acknowledge(1);
    await told(["begin"]);
  });

  it("does not keep the bytes that it was given from being used again elsewhere", async () => {
    const body = Buffer.from("body");
    lane.begin(begin("a"), body);
    await sent(1);
    expect(body.toString()).toBe("body");
  });

  it("passes on what the worker reports", async () => {
    const event: LoomEvent = { name: "traces_recorded", lane: 7, rows: 1, bytes: 1, ms: 1 };
    worker.say({ type: "event", event });
    await vi.waitFor(() => expect(events).toEqual([event]));
  });

  it("sends what is pending before it asks for the drain", async () => {
    lane.begin(begin("a"), Buffer.from(""));
    lane.drain(500);
    await sent(2);
    expect(worker.messages.map((message) => message.type)).toEqual(["frames", "drain"]);
    expect(worker.messages[1]).toEqual({ type: "drain", deadlineMs: 500 });
  });
});

describe("the backlog of a lane", () => {
  const half = Buffer.alloc(limits.laneBacklogBytesMax / 2);

  it("is bounded by what the worker says it holds", async () => {
    expect(lane.admits).toBe(true);
    lane.begin(begin("a"), Buffer.from(""));
    await sent(1);
    worker.acknowledge(1, limits.laneBacklogBytesMax);
    await vi.waitFor(() => expect(lane.admits).toBe(false));
    worker.acknowledge(1, limits.laneBacklogBytesMax - 1);
    await vi.waitFor(() => expect(lane.admits).toBe(true));
  });

  it("counts what is not yet acknowledged", async () => {
    const seq = lane.begin(begin("a"), half);
    lane.chunk(seq, [half]);
    expect(lane.admits).toBe(false);
    await sent(1);
    worker.acknowledge(1, 0);
    await vi.waitFor(() => expect(lane.admits).toBe(true));
    expect(lane.backlogBytes).toBe(0);
  });

  it("shrinks with every acknowledged batch, although more is always on its way", async () => {
    const piece = Buffer.alloc(1024 * 1024);
    let seq = lane.begin(begin("a"), piece);
    await turn();
    for (let batch = 2; batch < 20; batch += 1) {
      seq = lane.begin(begin("b"), piece);
      worker.acknowledge(batch - 1);
      await sent(batch);
      await vi.waitFor(() => expect(lane.backlogBytes).toBeLessThan(3 * piece.length), { interval: 1 });
    }
    expect(seq).toBe(19);
  });
});

describe("a lane whose worker is gone", () => {
  it("tells everybody who waits, sent or not, and names the open exchanges", async () => {
    const first = lane.begin(begin("a"), Buffer.from(""), hear("begin a"));
    lane.begin(begin("b"), Buffer.from(""));
    await sent(1);
    lane.begin(begin("c"), Buffer.from(""), hear("begin c"));
    lane.chunk(first, [Buffer.from("x")]);
    lane.detach("out of memory");
    expect(heard).toEqual(["begin a record_failed", "begin c record_failed"]);
    expect(events).toEqual([
      { name: "lane_crashed", lane: 7, reason: "out of memory", exchanges: 3 },
      { name: "traces_lost", lane: 7, ids: ["a", "b", "c"], reason: "lane_crashed" },
    ]);
    expect([lane.admits, lane.backlogBytes]).toEqual([false, 0]);
  });

  it("names what was acknowledged and not yet settled, and nothing that was settled", async () => {
    for (const id of ["a", "b", "c"]) lane.end(lane.begin(begin(id), Buffer.from("")), end, nothing, hear(id));
    await sent(1);
    worker.say({ type: "settled", seqs: [1, 3] });
    worker.acknowledge(1);
    await told(["a", "b", "c"]);
    lane.detach("why");
    expect(events.at(-1)).toEqual({ name: "traces_lost", lane: 7, ids: ["b"], reason: "lane_crashed" });
    expect(heard).toEqual(["a", "b", "c"]);
  });

  it("loses nothing by name when nothing was open", () => {
    lane.detach("why");
    expect(events.map((event) => event.name)).toEqual(["lane_crashed"]);
  });

  it("fails every frame at once until it has a worker again", async () => {
    lane.detach("why");
    const seq = lane.begin(begin("a"), Buffer.from(""), hear("begin"));
    lane.chunk(seq, [Buffer.from("x")]);
    lane.end(seq, end, nothing, hear("end"));
    expect(heard).toEqual(["begin record_failed", "end record_failed"]);
    await turn();
    expect(worker.messages).toEqual([]);
    worker = attach();
    await sent(1);
    expect(worker.messages).toMatchObject([{ type: "skipped", exchange: { seq, id: "a", reason: "lane_crashed" } }]);
  });

  it("never lets a next worker acknowledge an exchange that it does not know", async () => {
    const seq = lane.begin(begin("a"), Buffer.from(""));
    await sent(1);
    lane.detach("why");
    worker = attach();
    lane.chunk(seq, [Buffer.from("x")]);
    lane.end(seq, end, nothing, hear("end"));
    expect(heard).toEqual(["end record_failed"]);
    await turn();
    expect(worker.frames).toEqual([]);
  });

  it("tells each next worker of the numbers that nothing will stand for, until one has them in the ledger", async () => {
    lane.begin(begin("a"), Buffer.from(""));
    lane.begin(begin("b"), Buffer.from(""));
    await sent(1);
    for (const why of ["first", "second"]) {
      lane.detach(why);
      worker = attach();
      await sent(2);
      expect(worker.messages).toMatchObject([
        { type: "skipped", exchange: { seq: 1, id: "a" } },
        { type: "skipped", exchange: { seq: 2, id: "b" } },
      ]);
    }
    worker.say({ type: "settled", seqs: [1, 2] });
    worker.acknowledge(0);
    await vi.waitFor(() => expect(lane.isOpen).toBe(true));
    lane.detach("third");
    worker = attach();
    await turn();
    expect(worker.messages).toEqual([]);
  });

  it("goes on with a next worker, with numbers that were never given before", async () => {
    const before = lane.begin(begin("a"), Buffer.from(""));
    await sent(1);
    lane.detach("why");
    worker = attach();
    expect(lane.admits).toBe(true);
    const after = lane.begin(begin("b"), Buffer.from(""), hear("b"));
    expect(after).toBe(before + 1);
    await sent(2);
    expect(worker.frames).toEqual(['2:1:2:{"id":"b"}']);
    worker.acknowledge(2);
    await told(["b"]);
  });
});
