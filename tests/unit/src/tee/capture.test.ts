import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../../../src/limits.js";
import { Capture } from "../../../../src/tee/capture.js";

const joined = (pieces: readonly Uint8Array[]) => Buffer.concat([...pieces]);

describe("the capture of an answer", () => {
  let sent: Buffer[] = [];
  let capture: Capture;
  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    capture = new Capture({ bytesMax: limits.captureBytesMax, sendChunk: (bytes) => sent.push(joined(bytes)) });
  });
  afterEach(() => vi.useRealTimers());

  it("keeps a small answer for its end", () => {
    capture.add(Buffer.from("ab"));
    capture.add(Buffer.from("cd"));
    expect(joined(capture.takeRest()).toString()).toBe("abcd");
    expect(sent).toEqual([]);
    expect(capture.takeRest()).toEqual([]);
  });

  it("sends what it has when there is enough of it", () => {
    const half = Buffer.alloc(limits.chunkFrameBytes / 2, 1);
    capture.add(half);
    expect(sent).toEqual([]);
    capture.add(half);
    expect(sent.map((bytes) => bytes.length)).toEqual([limits.chunkFrameBytes]);
    expect(capture.takeRest()).toEqual([]);
  });

  it("sends what it has after a while, counted from the first piece", () => {
    capture.add(Buffer.from("a"));
    vi.advanceTimersByTime(limits.chunkFrameMs - 1);
    capture.add(Buffer.from("b"));
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sent.map(String)).toEqual(["ab"]);
    vi.advanceTimersByTime(10 * limits.chunkFrameMs);
    expect(sent).toHaveLength(1);
    capture.add(Buffer.from("c"));
    vi.advanceTimersByTime(limits.chunkFrameMs);
    expect(sent.map(String)).toEqual(["ab", "c"]);
  });

  it("sends nothing more once its rest was taken", () => {
    capture.add(Buffer.from("a"));
    capture.takeRest();
    vi.advanceTimersByTime(10 * limits.chunkFrameMs);
    expect(sent).toEqual([]);
  });

  it("keeps up to its bound, and tells the true size and that it was cut", () => {
    const piece = Buffer.alloc(limits.captureBytesMax / 4 - 1);
    for (let turn = 0; turn < 4; turn += 1) capture.add(piece);
    expect(capture.isTruncated).toBe(false);
    capture.add(Buffer.alloc(10));
    capture.add(Buffer.alloc(10));
    const keptBytes = sent.reduce((sum, bytes) => sum + bytes.length, 0) + joined(capture.takeRest()).length;
    expect(keptBytes).toBe(limits.captureBytesMax);
    expect(capture.seenBytes).toBe(limits.captureBytesMax + 16);
    expect(capture.isTruncated).toBe(true);
  });
});
