import { describe, expect, it } from "vitest";
import { eventText } from "../../../../src/tee/event-boundary.js";
import { EndWatch, type StreamEnd, terminalRules } from "../../../../src/tee/stream-end.js";

function isTerminal(rule: StreamEnd, event: string): boolean {
  const bytes = Buffer.from(event);
  const { marks, isTerminal: judge } = terminalRules[rule];
  return marks.some((mark) => bytes.includes(mark)) && judge(bytes, eventText(bytes));
}

describe("the last event of a stream", () => {
  it.each([
    ["done", "data: [DONE]\n\n", true],
    ["done", 'data: {"content":"[DONE]"}\n\n', false],
    ["responses", 'event: response.completed\ndata: {"type":"response.completed"}\n\n', true],
    ["responses", 'data: {"type":"response.failed","sequence_number":2}\n\n', true],
    ["responses", 'data: {"sequence_number":2, "type" : "response.incomplete"}\r\n\r\n', true],
    ["responses", "data: [DONE]\n\n", true],
    ["responses", 'data: {"type":"response.output_text.delta","delta":"response.completed"}\n\n', false],
    ["responses", 'data: {"delta":"\\"type\\":\\"response.completed\\" \\nevent: response.completed\\n"}\n\n', false],
    ["audio", 'data: {"type":"transcript.text.done","text":"x"}\n\n', true],
    ["audio", 'data: {"type":"speech.audio.done"}\n\n', true],
    ["audio", 'data: {"type":"transcript.text.delta","delta":"x"}\n\n', false],
    ["http", 'data: {"type":"image_generation.completed"}\n\n', false],
    ["http", "data: [DONE]\n\n", true],
  ] as const)("by the rule %s, %j: %s", (rule, event, expected) => {
    expect(isTerminal(rule, event)).toBe(expected);
  });
});

describe("the watch for an end that nobody holds", () => {
  const stream = `data: {"x":1}\n\nevent: response.completed\ndata: {"type":"response.completed","x":"${"y".repeat(999)}"}\n\n`;

  it.each([1, 2, 3, 7, 30, 64, 100, 5000])("sees it in pieces of %d bytes", (size) => {
    const watch = new EndWatch("responses");
    const bytes = Buffer.from(stream);
    for (let at = 0; at < bytes.length; at += size) watch.look(bytes.subarray(at, at + size));
    expect(watch.seen).toBe(true);
  });

  it("sees none in content", () => {
    const watch = new EndWatch("responses");
    watch.look(Buffer.from('data: {"delta":"event: response.completed"}\n\n'));
    expect(watch.seen).toBe(false);
  });
});
