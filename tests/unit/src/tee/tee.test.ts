import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { Tee } from "../../../../src/tee/tee.js";

/** Both sides, writing down what is asked of them. */
class Sides {
  readonly calls: string[] = [];
  bytes = 0;
  flowing = true;
  terminals = 0;

  open(events: boolean, dropsUsage = false): Tee {
    const note = (call: string, bytes: Uint8Array) => {
      this.bytes += bytes.byteLength;
      this.calls.push(
        bytes.byteLength > 100 ? `${call} ${bytes.byteLength} bytes` : `${call} ${Buffer.from(bytes).toString()}`,
      );
      return this.flowing;
    };
    return new Tee({
      events,
      dropsUsage,
      downstream: {
        start: (bytes) => note("start", bytes),
        write: (bytes) => note("write", bytes),
        send: (bytes) => note("send", bytes),
        end: (bytes) => note("end", bytes),
      },
      onSlowClient: () => this.calls.push("pause"),
      sendChunk: () => {},
      onTerminal: () => {
        this.terminals += 1;
      },
    });
  }
}

const rest = (tee: Tee) => Buffer.concat([...tee.capture.takeRest()]).toString();
let sides: Sides;
beforeEach(() => {
  sides = new Sides();
});

describe("a plain answer", () => {
  it("is held whole until it is released, and then sent with its length", () => {
    const tee = sides.open(false);
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
    sides.open(false).release();
    expect(sides.calls).toEqual(["send "]);
  });

  it("over the bound is passed on, all but its last piece", () => {
    const tee = sides.open(false);
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
    const tee = sides.open(false);
    tee.take(Buffer.alloc(limits.heldAnswerBytesMax + 1));
    expect(sides.bytes).toBe(0);
    tee.release();
    expect(sides.bytes).toBe(limits.heldAnswerBytesMax + 1);
    expect(sides.calls.at(-1)).toBe(`end ${limits.heldAnswerBytesMax + 1} bytes`);
  });

  it("never lets an event be put in", () => {
    expect(sides.open(false).atEventBoundary).toBe(false);
  });
});

describe("an event stream", () => {
  it("passes at once, ends with what was held, and is captured as it came", () => {
    const tee = sides.open(true, true);
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
    const tee = sides.open(true);
    tee.take(Buffer.from("data: [DONE]\n\n"));
    expect(tee.hasStarted).toBe(false);
    tee.release();
    expect(sides.calls).toEqual(["start ", "end data: [DONE]\n\n"]);
  });

  it("is not complete when it ends without its terminal event or a finish reason", () => {
    const tee = sides.open(true);
    expect(tee.isComplete).toBe(false);
    tee.take(Buffer.from('data: {"choices":[{"finish_reason":null}]}\n\n'));
    expect(tee.isComplete).toBe(false);
    tee.take(Buffer.from('data: {"choices":[{"finish_reason":"stop"}]}\n\n'));
    expect(tee.isComplete).toBe(true);
  });

  it("is complete by its finish reason also when it came in single bytes", () => {
    const tee = sides.open(true);
    for (const byte of Buffer.from('data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: {"usage":{}}\n\n')) {
      tee.take(Buffer.from([byte]));
    }
    expect(tee.isComplete).toBe(true);
  });

  it("pauses the provider when the client reads too slowly", () => {
    const tee = sides.open(true);
    sides.flowing = false;
    tee.take(Buffer.from("data: a\n\n"));
    expect(sides.calls).toEqual(["start data: a\n\n", "pause"]);
    sides.flowing = true;
    tee.take(Buffer.from("data: b\n\n"));
    expect(sides.calls.at(-1)).toBe("write data: b\n\n");
  });

  it("tells whether an event may be put in after what the client has", () => {
    const tee = sides.open(true);
    tee.take(Buffer.from("data: a\n\nda"));
    expect(tee.atEventBoundary).toBe(true);
    tee.take(Buffer.alloc(limits.heldEventBytesMax, "x"));
    expect(tee.atEventBoundary).toBe(false);
  });
});
