import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { EventGate } from "../../../../src/tee/event-gate.js";

type StreamEvent = { readonly kind: "chunk" | "usage" | "comment"; readonly bytes: Buffer };

const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
const content = fc.string({ unit: "binary", maxLength: 12 });

function framed(kind: StreamEvent["kind"], lines: readonly string[], end: string): StreamEvent {
  return { kind, bytes: Buffer.from(`${lines.join(end)}${end}${end}`) };
}

const chunk = fc
  .tuple(content, lineEnd, fc.boolean(), fc.constantFrom(null, { prompt_tokens: 1 }))
  .map(([text, end, comment, usage]) => {
    const line = `data: ${JSON.stringify({ choices: [{ delta: { content: text } }], usage })}`;
    return framed("chunk", comment ? [": kept alive", line] : [line], end);
  });
const filterChunk = lineEnd.map((end) =>
  framed("chunk", ['data: {"choices":[],"usage":null,"prompt_filter_results":[]}'], end),
);
const comment = lineEnd.map((end) => framed("comment", [": OPENROUTER PROCESSING [DONE]"], end));
const usageChunk = fc
  .tuple(lineEnd, fc.constantFrom("data: ", "data:"))
  .map(([end, field]) => framed("usage", [`${field}{"choices":[], "usage" : {"total_tokens":7}}`], end));
const done = fc
  .tuple(lineEnd, fc.constantFrom("data: [DONE]", "data:[DONE]", ": late\ndata: [DONE]"))
  .map(([end, line]) => Buffer.from(`${line.replace("\n", end)}${end}${end}`));
const streamEvents = fc.array(fc.oneof({ weight: 4, arbitrary: chunk }, filterChunk, comment, usageChunk), {
  maxLength: 8,
});

/** The stream in pieces of random sizes. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] ?? 1);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 });
const join = (events: readonly StreamEvent[]) => Buffer.concat(events.map((event) => event.bytes));

describe("a gate that drops nothing", () => {
  it("gives all bytes in order, whatever the cuts, and the terminal event only when it is released", () => {
    fc.assert(
      fc.property(streamEvents, done, fc.boolean(), sizes, (events, terminal, ends, cuts) => {
        const before = join(events);
        const whole = ends ? Buffer.concat([before, terminal, Buffer.from(": after\n\n")]) : before;
        const gate = new EventGate({ dropsUsage: false });
        const passed = Buffer.concat(cut(whole, cuts).map((piece) => gate.push(piece)));
        expect(passed.length).toBeLessThanOrEqual(before.length + (ends ? ": late\r\n".length : 0));
        expect(passed.includes("data: [DONE]") || passed.includes("data:[DONE]")).toBe(false);
        expect(gate.state).toBe(ends ? "terminal" : "flowing");
        expect(Buffer.concat([passed, gate.release()])).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it("holds no more than the part of one event before the terminal", () => {
    fc.assert(
      fc.property(streamEvents, sizes, (events, cuts) => {
        const gate = new EventGate({ dropsUsage: false });
        const ends = new Set<number>([0]);
        let end = 0;
        for (const event of events) ends.add((end += event.bytes.length));
        let given = 0;
        let passed = 0;
        for (const piece of cut(join(events), cuts)) {
          given += piece.length;
          passed += gate.push(piece).length;
          // A blank line may be left over where a CR, or a comment before it, passed alone.
          const eventStart = Math.max(...[...ends].filter((at) => at <= given));
          expect(passed).toBeGreaterThanOrEqual(eventStart - 2);
        }
      }),
    );
  });

  it("passes a chunk that ends with an event as the very same buffer", () => {
    const bytes = Buffer.from("data: a\n\ndata: b\n\n");
    expect(new EventGate({ dropsUsage: true }).push(bytes)).toBe(bytes);
  });
});

describe("a gate that drops the usage chunk", () => {
  it("leaves out exactly the chunks with usage and without choices", () => {
    fc.assert(
      fc.property(streamEvents, done, sizes, (events, terminal, cuts) => {
        const gate = new EventGate({ dropsUsage: true });
        const pieces = cut(Buffer.concat([join(events), terminal]), cuts);
        const passed = Buffer.concat([...pieces.map((piece) => gate.push(piece)), gate.release()]);
        const kept = events.filter((event) => event.kind !== "usage");
        // A cut inside its last CRLF ends an event at the CR; the LF stays as a blank line that means nothing.
        const clean = (bytes: Buffer) =>
          bytes
            .toString()
            .replaceAll(/(\r\n|\n|\r)+/g, "\n")
            .replace(/^\n/, "");
        expect(clean(passed)).toBe(clean(Buffer.concat([join(kept), terminal])));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['{"choices":[],"usage":null}', "usage null"],
    ['{"choices":[{"index":0}],"usage":{"total_tokens":1}}', "choices"],
    ['{"usage":{"total_tokens":1}}', "no choices field"],
    ['{"choices":[],"usage":{', "no JSON"],
    ['"usage"', "a string"],
    ["null", "null"],
  ])("passes %s (%s)", (text) => {
    const event = Buffer.from(`data: ${text}\n\n`);
    expect(new EventGate({ dropsUsage: true }).push(event)).toEqual(event);
  });
});

describe("what the gate holds back", () => {
  it("is a partial event, until its end comes", () => {
    const gate = new EventGate({ dropsUsage: false });
    expect(gate.push(Buffer.from("data: a\n\nda")).toString()).toBe("data: a\n\n");
    expect(gate.push(Buffer.from("ta: b\n")).toString()).toBe("");
    expect(gate.push(Buffer.from("\n")).toString()).toBe("data: b\n\n");
    expect(gate.atBoundary).toBe(true);
  });

  it("is not a comment, which passes at the end of its line", () => {
    const gate = new EventGate({ dropsUsage: false });
    expect(gate.push(Buffer.from(": still here\n")).toString()).toBe(": still here\n");
    expect(gate.atBoundary).toBe(true);
  });

  it.each(["\n", "\r\n"])(
    "is a terminal event whose first line is a comment (%j), although its blank line is late",
    (end) => {
      const gate = new EventGate({ dropsUsage: false });
      const passed = [`: hi${end}data: [DONE]${end}`, end].map((piece) => gate.push(Buffer.from(piece)).toString());
      expect(passed.join("")).not.toContain("DONE");
      expect(gate.state).toBe("terminal");
    },
  );

  it("is passed in pieces when the event is longer than the bound, and then an event may not be put in", () => {
    const gate = new EventGate({ dropsUsage: false });
    const long = Buffer.from(`data: ${"x".repeat(limits.heldEventBytesMax)}`);
    expect(gate.push(long).equals(long)).toBe(true);
    expect(gate.atBoundary).toBe(false);
    expect(gate.push(Buffer.from("x\n\n")).toString()).toBe("x\n\n");
    expect(gate.atBoundary).toBe(true);
  });

  it("stays in order when a terminal event and more come in one chunk", () => {
    const gate = new EventGate({ dropsUsage: true });
    const after = 'data: [DONE]\n\ndata: {"choices":[],"usage":{"total_tokens":1}}\n\nda';
    expect(gate.push(Buffer.from(`data: a\n\n${after}`)).toString()).toBe("data: a\n\n");
    expect(gate.push(Buffer.from("ta: late\n\n")).length).toBe(0);
    expect(gate.release().toString()).toBe(`${after}ta: late\n\n`);
  });

  it("is not the word [DONE] inside a content", () => {
    const event = Buffer.from('data: {"choices":[{"delta":{"content":"[DONE]"}}]}\n\n');
    const gate = new EventGate({ dropsUsage: false });
    expect(gate.push(event)).toEqual(event);
    expect(gate.state).toBe("flowing");
  });
});
