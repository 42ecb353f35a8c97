import { describe, expect, test } from "vitest";
import { EventReader, isContent } from "../../../../bench/load/paced-streams.js";

describe("the event reader", () => {
  test("gives an event when its last byte has come, wherever the network cut it", () => {
    const bytes = Buffer.from("data: one\n\ndata: two\n\ndata: [DONE]\n\n");
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new EventReader();
      const events = [...reader.read(bytes.subarray(0, cut)), ...reader.read(bytes.subarray(cut))];
      expect(events).toEqual(["data: one", "data: two", "data: [DONE]"]);
      expect(reader.last).toBe("data: [DONE]");
    }
  });

  test("does not take a cut event for the last one", () => {
    const reader = new EventReader();
    reader.read(Buffer.from("data: one\n\ndata: [DONE]\n"));
    expect(reader.last).toBe("data: one");
  });
});

test("only events with content keep the pace", () => {
  expect(isContent('data: {"choices":[{"index":0,"delta":{"content":"One"}}]}')).toBe(true);
  expect(isContent('data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"One"}}]}')).toBe(true);
  expect(isContent('data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}')).toBe(false);
  expect(isContent('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}')).toBe(false);
  expect(isContent('data: {"choices":[],"usage":{}}')).toBe(false);
  expect(isContent("data: [DONE]")).toBe(false);
});
