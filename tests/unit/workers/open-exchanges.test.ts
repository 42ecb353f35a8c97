import { describe, expect, it } from "vitest";
import { FrameBatch, frameKinds, readFrames } from "../../../src/trace/frames.js";
import { nameExchange, OpenExchanges, type RawExchange, readExchange } from "../../../workers/open-exchanges.js";
import { beginOf, endOf } from "../../support/exchanges.js";

function take(open: OpenExchanges, fill: (frames: FrameBatch) => void): RawExchange[] {
  const frames = new FrameBatch();
  fill(frames);
  return [...readFrames(frames.pack())].map((frame) => open.take(frame)).filter((raw) => raw !== null);
}

describe("open exchanges", () => {
  const begin = beginOf();
  const started = (seq: number, body: string) => (frames: FrameBatch) =>
    frames.add(frameKinds.begin, seq, JSON.stringify(begin), [Buffer.from(body)]);
  const chunk = (seq: number, body: string) => (frames: FrameBatch) =>
    frames.add(frameKinds.chunk, seq, "", [Buffer.from(body)]);
  const ended = (seq: number, body: string) => (frames: FrameBatch) =>
    frames.add(frameKinds.end, seq, JSON.stringify(endOf()), [Buffer.from(body)]);

  it("come out whole at their end, in any interleaving, and cost nothing then", () => {
    const open = new OpenExchanges();
    expect(
      take(open, (frames) => [started(1, "one"), started(2, "two"), chunk(2, "b")].forEach((add) => add(frames))),
    ).toEqual([]);
    expect(open.bytes).toBeGreaterThan(7);
    const [second] = take(open, ended(2, "ye"));
    take(open, chunk(1, "a"));
    const [first] = take(open, ended(1, ""));
    expect(open.bytes).toBe(0);
    const read = readExchange(second as RawExchange);
    expect(read).toMatchObject({ seq: 2, begin, end: endOf() });
    expect([read.requestBody.toString(), read.responseBody.toString()]).toEqual(["two", "bye"]);
    expect(readExchange(first as RawExchange).responseBody.toString()).toBe("a");
  });

  it("refuse frames that belong to none", () => {
    const open = new OpenExchanges();
    expect(() => take(open, chunk(7, "x"))).toThrow("frame of kind 2 without a begin");
    expect(() => take(open, ended(7, "x"))).toThrow("frame of kind 3 without a begin");
  });

  it("leave the batches of others once they have been open for a while", () => {
    const open = new OpenExchanges();
    const others = (frames: FrameBatch) => frames.add(frameKinds.begin, 9, "", [Buffer.alloc(100_000)]);
    take(open, (frames) => [started(1, "ask"), others, chunk(1, "an")].forEach((add) => add(frames)));
    open.settle();
    open.settle();
    const [raw] = take(open, ended(1, "swer"));
    for (const view of [raw?.begin, raw?.requestBody, raw?.chunks[0]]) {
      expect(view?.buffer.byteLength).toBe(view?.length);
    }
    expect(readExchange(raw as RawExchange).responseBody.toString()).toBe("answer");
  });

  it("are interrupted when their end never came, with what is known", () => {
    const open = new OpenExchanges();
    take(open, (frames) => [started(1, "ask"), chunk(1, "half")].forEach((add) => add(frames)));
    const [raw, ...others] = open.takeAll();
    expect(others).toEqual([]);
    expect(open.bytes).toBe(0);
    expect(readExchange(raw as RawExchange).end).toMatchObject({
      outcome: "interrupted",
      requestBytes: 3,
      responseBytes: 4,
      captureTruncated: true,
    });
  });

  it("have a name in a report, also when their begin is spoiled", () => {
    const open = new OpenExchanges();
    take(open, (frames) => {
      started(1, "")(frames);
      frames.add(frameKinds.begin, 2, "{spoiled", []);
    });
    expect(open.takeAll().map(nameExchange)).toEqual([begin.id, "seq 2"]);
  });
});
