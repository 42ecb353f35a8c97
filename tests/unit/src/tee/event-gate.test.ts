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

  it("is an event of 8 MB until its end, and is passed whole", () => {
    const gate = new EventGate({ dropsUsage: true });
    const event = Buffer.from(`data: ${"x".repeat(8 * 1024 * 1024)}\n\n`);
    let passed = 0;
    for (let at = 0; at < event.length; at += 65_536) passed += gate.push(event.subarray(at, at + 65_536)).length;
    expect(passed).toBe(event.length);
  });

  it.each([
    ["data: x", "an event"],
    [":", "a comment"],
    [":a\nb\n", "lines after a comment"],
  ])("costs the same for each byte, however long the part is (%j: %s)", (start) => {
    const drip = (bytes: number): number => {
      const gate = new EventGate({ dropsUsage: true });
      gate.push(Buffer.from(start));
      const byte = Buffer.from(start.endsWith("\n") ? "c\n" : "x");
      const startedAtMs = performance.now();
      for (let sent = 0; sent < bytes; sent += 1) gate.push(byte);
      return performance.now() - startedAtMs;
    };
    drip(20_000);
    const short = drip(20_000);
    // Ten times the bytes; quadratic work would be a hundred times.
    expect(drip(200_000)).toBeLessThan(Math.max(short, 5) * 40);
  });

  it("is nothing of the rest of an event that was too long, whatever it looks like", () => {
    const gate = new EventGate({ dropsUsage: true });
    gate.push(Buffer.alloc(limits.heldEventBytesMax + 1, "x"));
    const rest = Buffer.from("data: [DONE]\r\n\r\ndata: b\n\n");
    expect(gate.push(rest).equals(rest)).toBe(true);
    expect(gate.state).toBe("flowing");
    expect(gate.push(Buffer.from("data: [DONE]\n\n")).length).toBe(0);
    expect(gate.state).toBe("terminal");
  });

  it.each(["\n\n", "\r\n\r\n", "\r\r", "\n\r\n"])("finds the end %j of a long event at any cut", (end) => {
    const long = Buffer.alloc(limits.heldEventBytesMax + 1, "x");
    for (let cutAt = 0; cutAt <= end.length; cutAt += 1) {
      const gate = new EventGate({ dropsUsage: false });
      gate.push(Buffer.concat([long, Buffer.from(end.slice(0, cutAt))]));
      gate.push(Buffer.from(end.slice(cutAt)));
      expect(gate.atBoundary).toBe(true);
    }
  });

  it.each([
    'event: response.completed\ndata: {"type":"response.completed","response":{}}\n\n',
    'data: {"type":"response.completed","response":{}}\n\n',
  ])("is an event of a type that ends the stream: %j", (event) => {
    const gate = new EventGate({ dropsUsage: false, terminalTypes: ["response.completed"] });
    const other = 'data: {"type":"response.created","text":"response.completed"}\n\n';
    expect(gate.push(Buffer.from(other + event)).toString()).toBe(other);
    expect(gate.state).toBe("terminal");
  });
});
