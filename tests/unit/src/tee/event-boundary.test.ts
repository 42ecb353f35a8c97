import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventText, lastBoundary, nextBoundary, splitEvents } from "../../../../src/tee/event-boundary.js";

/** Slow reference: the ends of all line ends that directly follow another line end. */
function blankLineEnds(text: string): number[] {
  const lineEnds = [...text.matchAll(/\r\n|\n|\r/g)].map(
    (match) => [match.index, match.index + match[0].length] as const,
  );
  return lineEnds.flatMap(([start, end], index) => (index > 0 && lineEnds[index - 1]?.[1] === start ? [end] : []));
}

const stretch = fc
  .array(fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "data: a", ":", "é😀", "x"), { maxLength: 14 })
  .map((pieces) => pieces.join(""));

describe("the boundaries of events", () => {
  it("are where a slow reference sees the end of a blank line", () => {
    fc.assert(
      fc.property(stretch, (text) => {
        const bytes = Buffer.from(text, "latin1");
        const latin1 = bytes.toString("latin1");
        const ends = blankLineEnds(latin1);
        expect(lastBoundary(bytes)).toBe(ends.at(-1) ?? 0);
        expect(nextBoundary(bytes, 0)).toBe(ends[0] ?? -1);
      }),
      { numRuns: 2000 },
    );
  });

  it("split a stretch into pieces that join to the same bytes, none with a boundary inside", () => {
    fc.assert(
      fc.property(stretch, (text) => {
        const bytes = Buffer.from(text);
        const events = splitEvents(bytes);
        expect(Buffer.concat(events)).toEqual(bytes);
        for (const event of events.slice(0, -1)) expect(nextBoundary(event, 0)).toBe(event.length);
      }),
    );
  });

  it.each([
    ["data: a\n\n", 9],
    ["data: a\r\n\r\n", 11],
    ["data: a\r\r", 9],
    ["data: a\n\r\n", 10],
    ["data: a\r\n\r", 10],
    ["data: a\n\ndata: b", 9],
    ["data: a\r\n", 0],
    ["data: a", 0],
    ["", 0],
  ])("of %j: the last one ends at %i", (text, end) => {
    expect(lastBoundary(Buffer.from(text))).toBe(end);
  });
});

describe("the text of an event", () => {
  it.each([
    ["data: a\n\n", "a"],
    ["data:a\r\n\r\n", "a"],
    ["data:  two\n\n", " two"],
    ["data\n\n", ""],
    ["data\ndata\n\n", "\n"],
    ["data: a\ndata: b\n\n", "a\nb"],
    ["\ufeffdata: a\n\n", "a"],
    ["event: ping\n\n", null],
    [": data: hi\n\n", null],
    ["database: x\n\n", null],
  ])("of %j is %j", (event, text) => {
    expect(eventText(Buffer.from(event))).toBe(text);
  });
});
