import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readChatAnswer, readChatRequest } from "../../../../dashboard/src/trace/read-conversation.js";

const event = (value: unknown): string => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\r\n\r\n`;
const delta = (value: unknown, index = 0, finish: string | null = null): string =>
  event({ choices: [{ index, delta: value, finish_reason: finish }] });

describe("a conversation", () => {
  test("puts a stream together: text, reasoning, tool calls in pieces, two choices", () => {
    const stream = [
      delta({ role: "assistant", reasoning_content: "Let me " }),
      delta({ reasoning_content: "see." }),
      delta({ content: "Hel" }),
      delta({ content: "lo" }),
      delta({ content: "Other" }, 1),
      delta({ tool_calls: [{ index: 0, id: "call_1", function: { name: "find", arguments: '{"a"' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
      delta({}, 0, "tool_calls"),
      event("[DONE]"),
    ].join("");
    const answer = readChatAnswer(stream);
    expect(answer.events).toHaveLength(9);
    expect(answer.messages.map((message) => message.parts)).toEqual([
      [
        { kind: "reasoning", text: "Let me see." },
        { kind: "text", text: "Hello" },
        { kind: "tool-call", id: "call_1", name: "find", args: '{"a":1}' },
      ],
      [{ kind: "text", text: "Other" }],
    ]);
    expect(answer.messages[0]?.finishReason).toBe("tool_calls");
  });

  test("knows where in the bytes of a stream each event was whole, whatever ends its lines", () => {
    const events = ['data: "é"\n\n', ": a comment\n\n", "event: x\r\ndata: 2\r\n\r\n", "data: 3\n\n"];
    const ends = events.map((_, index) => Buffer.byteLength(events.slice(0, index + 1).join("")));
    const found = readChatAnswer(events.join("")).events.map(({ endOffset }) => endOffset);
    expect(found).toEqual([ends[0], ends[2], ends[3]]);
  });

  test("reads a whole answer, an error, and an error in a stream", () => {
    const whole = {
      choices: [{ message: { role: "assistant", content: null, refusal: "No." }, finish_reason: "stop" }],
    };
    expect(readChatAnswer(JSON.stringify(whole)).messages[0]?.parts).toEqual([{ kind: "refusal", text: "No." }]);
    expect(readChatAnswer('{"error":{"message":"too many"}}').error).toBe("too many");
    expect(readChatAnswer(event({ error: { message: "cut" } })).error).toBe("cut");
  });

  test("reads parts of a request: text, image, tool answers, what it does not know", () => {
    const request = readChatRequest(
      JSON.stringify({
        model: "m",
        temperature: 0,
        tools: [{ type: "function", function: { name: "find" } }],
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "see" },
              { type: "image_url", image_url: { url: "https://example.test/a.png" } },
              { type: "input_audio", input_audio: {} },
            ],
          },
          { role: "tool", tool_call_id: "call_1", content: "ok" },
        ],
      }),
    );
    expect(request?.parameters).toEqual({ model: "m", temperature: 0 });
    expect(request?.tools).toEqual(["find"]);
    expect(request?.messages[0]?.parts.map((part) => part.kind)).toEqual(["text", "image", "other"]);
    expect(request?.messages[1]?.callId).toBe("call_1");
  });

  test("survives any text and any JSON", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `data: ${json}\n\n`),
        ),
        (text) => {
          expect(Array.isArray(readChatAnswer(text).messages)).toBe(true);
          readChatRequest(text);
        },
      ),
    );
    for (const body of [{ messages: [null, 1, { content: [null] }] }, { choices: [null, { message: null }] }]) {
      readChatRequest(JSON.stringify(body));
      readChatAnswer(JSON.stringify(body));
    }
  });
});
