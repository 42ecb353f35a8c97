import { beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../../../src/limits.js";
import type { AnswerForm } from "../../../../src/tee/answer-form.js";
import { Tee, type TeeOptions } from "../../../../src/tee/tee.js";

/** Both sides, writing down what is asked of them. */
class Sides {
  readonly calls: string[] = [];
  bytes = 0;
  flowing = true;
  terminals = 0;

  /** Bytes held for all answers together, and their bound. */
  heldBytes = 0;
  heldBytesMax = Number.POSITIVE_INFINITY;
  waiting: (() => void)[] = [];

  add(bytes: number): void {
    this.heldBytes += bytes;
  }

  get isOver(): boolean {
    return this.heldBytes > this.heldBytesMax;
  }

  whenFree(listener: () => void): void {
    this.waiting.push(listener);
  }

  chunks = 0;

  open(form: AnswerForm, more: Partial<TeeOptions> = {}): Tee {
    const note = (call: string, bytes: Uint8Array) => {
      this.bytes += bytes.byteLength;
      this.calls.push(
        bytes.byteLength > 100 ? `${call} ${bytes.byteLength} bytes` : `${call} ${Buffer.from(bytes).toString()}`,
      );
      return this.flowing;
    };
    return new Tee({
      streamEnd: "done",
      form,
      dropsUsage: false,
      receivedAtMs: performance.now(),
      captureBytesMax: limits.captureBytesMax,
      keepAliveCommentsMs: null,
      held: this,
      onMemory: (state) => this.calls.push(`memory ${state}`),
      downstream: {
        start: (bytes) => note("start", bytes),
        write: (bytes) => note("write", bytes),
        send: (bytes) => note("send", bytes),
        end: (bytes) => note("end", bytes),
      },
      onSlowClient: () => this.calls.push("pause"),
      sendChunk: () => (this.chunks += 1),
      onTerminal: () => {
        this.terminals += 1;
      },
      ...more,
    });
  }
}

const rest = (tee: Tee) => Buffer.concat([...tee.stop()]).toString();
let sides: Sides;
beforeEach(() => {
  sides = new Sides();
});

describe("a plain answer", () => {
  it("is held whole until it is released, and then sent with its length", () => {
    const tee = sides.open("plain");
    tee.take(Buffer.from('{"a":'));
    tee.take(Buffer.from("1}"));
    expect(sides.calls).toEqual([]);
    expect(tee.hasStarted).toBe(false);
    expect(tee.isComplete).toBe(true);
    tee.release();
    expect(sides.calls).toEqual(['send {"a":1}']);
    expect(rest(tee)).toBe('{"a":1}');
  });

  it("is sent when it is empty", () => {
    sides.open("plain").release();
    expect(sides.calls).toEqual(["send "]);
  });

  it("over the bound is passed on, all but its last piece", () => {
    const tee = sides.open("plain");
    const piece = Buffer.alloc(limits.heldAnswerBytesMax / 2);
    tee.take(piece);
    tee.take(piece);
    expect(sides.calls).toEqual([]);
    tee.take(Buffer.from("x"));
    tee.take(Buffer.from("y"));
    expect(tee.hasStarted).toBe(true);
    tee.release();
    expect(sides.calls).toEqual([`start ${limits.heldAnswerBytesMax} bytes`, "write x", "end y"]);
  });

  it("whose first piece is over the bound still waits with that piece", () => {
    const tee = sides.open("plain");
    tee.take(Buffer.alloc(limits.heldAnswerBytesMax + 1));
    expect(sides.bytes).toBe(0);
    tee.release();
    expect(sides.bytes).toBe(limits.heldAnswerBytesMax + 1);
    expect(sides.calls).toEqual([`send ${limits.heldAnswerBytesMax + 1} bytes`]);
  });

  it("never lets an event be put in", () => {
    expect(sides.open("plain").atEventBoundary).toBe(false);
  });
});

describe("an event stream", () => {
  it("passes at once, ends with what was held, and is captured as it came", () => {
    const tee = sides.open("events", { dropsUsage: true });
    const usage = 'data: {"choices":[],"usage":{"total_tokens":1}}\n\n';
    tee.take(Buffer.from("data: a\n\n"));
    expect(sides.calls).toEqual(["start data: a\n\n"]);
    tee.take(Buffer.from(`data: b\n\n${usage}data: [DO`));
    expect(sides.terminals).toBe(0);
    tee.take(Buffer.from("NE]\n\n"));
    expect(sides.calls).toEqual(["start data: a\n\n", "write data: b\n\n"]);
    expect(sides.terminals).toBe(1);
    expect(tee.isComplete).toBe(true);
    tee.take(Buffer.from(": after\n\n"));
    expect(sides.terminals).toBe(1);
    tee.release();
    expect(sides.calls.at(-1)).toBe("end data: [DONE]\n\n: after\n\n");
    expect(rest(tee)).toBe(`data: a\n\ndata: b\n\n${usage}data: [DONE]\n\n: after\n\n`);
  });

  it("of nothing but its end is started and ended", () => {
    const tee = sides.open("events");
    tee.take(Buffer.from("data: [DONE]\n\n"));
    expect(tee.hasStarted).toBe(false);
    tee.release();
    expect(sides.calls).toEqual(["start ", "end data: [DONE]\n\n"]);
  });

  it("is not complete when it ends without its terminal event or a finish reason", () => {
    const tee = sides.open("events");
    expect(tee.isComplete).toBe(false);
    tee.take(Buffer.from('data: {"choices":[{"finish_reason":null}]}\n\n'));
    expect(tee.isComplete).toBe(false);
    tee.take(Buffer.from('data: {"choices":[{"finish_reason":"stop"}]}\n\n'));
    expect(tee.isComplete).toBe(true);
  });

  it("is complete by its finish reason also when it came in single bytes", () => {
    const tee = sides.open("events");
    for (const byte of Buffer.from('data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: {"usage":{}}\n\n')) {
      tee.take(Buffer.from([byte]));
    }
    expect(tee.isComplete).toBe(true);
  });

  it("pauses the provider when the client reads too slowly", () => {
    const tee = sides.open("events");
    sides.flowing = false;
    tee.take(Buffer.from("data: a\n\n"));
    expect(sides.calls).toEqual(["start data: a\n\n", "pause"]);
    sides.flowing = true;
    tee.take(Buffer.from("data: b\n\n"));
    expect(sides.calls.at(-1)).toBe("write data: b\n\n");
  });

  it("tells whether an event may be put in after what the client has", () => {
    const tee = sides.open("events");
    tee.take(Buffer.from("data: a\n\nda"));
    expect(tee.atEventBoundary).toBe(true);
    tee.take(Buffer.alloc(limits.heldEventBytesMax, "x"));
    expect(tee.atEventBoundary).toBe(false);
  });

  it("gets comments in long silences, never inside an event or after the terminal one, and none when it is over", () => {
    vi.useFakeTimers();
    try {
      const tee = sides.open("events", { keepAliveCommentsMs: 1000 });
      vi.advanceTimersByTime(1000);
      expect(sides.calls).toEqual(["start :\n\n"]);
      tee.take(Buffer.from("data: a\n\nda"));
      vi.advanceTimersByTime(999);
      expect(sides.calls.at(-1)).toBe("write data: a\n\n");
      vi.advanceTimersByTime(1);
      // The part that waits for its end has not gone out: a comment is still between events.
      expect(sides.calls.at(-1)).toBe("write :\n\n");
      tee.take(Buffer.alloc(limits.heldEventBytesMax, "x"));
      const calls = sides.calls.length;
      vi.advanceTimersByTime(10_000);
      expect(sides.calls).toHaveLength(calls);
      tee.take(Buffer.from("\n\ndata: [DONE]\n\n"));
      vi.advanceTimersByTime(10_000);
      expect(sides.calls).toHaveLength(calls + 1);
      tee.stop();
      tee.release();
      vi.advanceTimersByTime(10_000);
      expect(sides.calls.at(-1)).toBe("end data: [DONE]\n\n");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the moments of an answer", () => {
  it("are those of a stream's bytes as the provider sent them, and none of another answer", () => {
    const tee = sides.open("events", { dropsUsage: true, receivedAtMs: performance.now() - 500 });
    expect(tee.streamTimes).toBeNull();
    tee.take(Buffer.from("data: 1\n\nda"));
    tee.take(Buffer.from("ta: 2\n\n"));
    expect(tee.streamTimes?.bytes).toEqual([11, 18]);
    expect(tee.streamTimes?.ms[0]).toBeGreaterThanOrEqual(500);
    rest(tee);
    for (const form of ["plain", "opaque"] as const) {
      const other = sides.open(form);
      other.take(Buffer.from("{}"));
      expect(other.streamTimes).toBeNull();
      rest(other);
    }
  });
});

describe("an opaque answer", () => {
  it("passes as it comes, all but the piece that came last", () => {
    const tee = sides.open("opaque");
    for (const text of ["a", "b", "c"]) tee.take(Buffer.from(text));
    expect(sides.calls).toEqual(["start a", "write b"]);
    tee.release();
    expect(sides.calls.at(-1)).toBe("end c");
  });
});

describe("too many bytes in memory altogether", () => {
  it("let a plain answer go that was held, and slow its provider down until there is room", () => {
    const tee = sides.open("plain");
    tee.take(Buffer.from("a"));
    sides.heldBytesMax = 1;
    expect(sides.calls).toEqual([]);
    tee.take(Buffer.from("b"));
    // What the lane has not acknowledged counts as well.
    expect(sides.calls).toEqual(["start a"]);
    expect(sides.chunks).toBe(1);
    expect(sides.heldBytes).toBe(0);
    sides.heldBytes = 5;
    tee.take(Buffer.from("c"));
    expect(sides.calls).toEqual(["start a", "write b", "memory held"]);
    sides.heldBytes = 0;
    for (const listener of sides.waiting) listener();
    expect(sides.calls.at(-1)).toBe("memory free");
    expect(tee.stop()).toEqual([]);
    tee.release();
    expect(sides.calls.at(-1)).toBe("end c");
    expect(sides.heldBytes).toBe(0);
  });

  it("are not counted for an answer that is over, whatever still comes of it", () => {
    const tee = sides.open("plain");
    tee.take(Buffer.from("a"));
    expect(sides.heldBytes).toBe(2);
    tee.stop();
    tee.take(Buffer.from("b"));
    expect(sides.heldBytes).toBe(0);
  });

  it("pass a part of an event before its end, after which none may be put in", () => {
    sides.heldBytesMax = 3;
    const tee = sides.open("events");
    tee.take(Buffer.from("data: a"));
    expect(sides.calls).toEqual(["start data: a"]);
    expect(tee.atEventBoundary).toBe(false);
    tee.take(Buffer.from("\n\n"));
    expect(tee.atEventBoundary).toBe(true);
  });
});
