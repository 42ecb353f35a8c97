import { describe, expect, it } from "vitest";
import { saysOver } from "../../../../src/tee/finish-mark.js";

const pieces = (...texts: string[]) => texts.map((text) => Buffer.from(text));

describe("whether a stream said that it was over", () => {
  it.each([
    ["a finish reason", ['data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'], true],
    ["a finish reason with spaces", ['data: {"choices":[{"finish_reason" : "length"}]}\n\n'], true],
    ["a finish reason over two pieces", ['data: {"choices":[{"finish_re', 'ason":"stop"}]}\n\n'], true],
    ["a finish reason before the usage", ['data: {"finish_reason":"stop"}\n\n', 'data: {"usage":{}}\n\n'], true],
    ["no finish reason yet", ['data: {"choices":[{"finish_reason":null}]}\n\n'], false],
    ["the words inside a content", ['data: {"delta":{"content":"\\"finish_reason\\":\\"stop\\""}}\n\n'], false],
    ["an error of the provider's own", ['data: {"error":{"message":"overloaded"}}\n\n'], true],
    ["an error that is only a text", ['data: {"error":"overloaded"}\n\n'], true],
    ["an error event", ["event: error\ndata: {}\n\n"], true],
    ["an error that is null", ['data: {"error":null}\n\n'], false],
    ["an error inside a content", ['data: {"content":"data: {\\"error\\":{"}\n\n'], false],
    ["nothing", [], false],
  ])("with %s", (_, texts, finished) => {
    expect(saysOver(pieces(...texts))).toBe(finished);
  });

  it("is asked of the tail only", () => {
    expect(saysOver(pieces('"finish_reason":"stop"', "x".repeat(8192)))).toBe(false);
  });
});
