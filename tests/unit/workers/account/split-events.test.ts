import { expect, it } from "vitest";
import { splitEvents } from "../../../../workers/account/split-events.js";

it("gives the data of each event, also of a last one that was cut", () => {
  expect(splitEvents("data: a\n\n: comment\n\nevent: x\ndata: b\ndata: c\n\ndata: d")).toEqual({
    events: ["a", "b\nc", "d"],
    failed: false,
  });
});

it("says when one of them is named error", () => {
  expect(splitEvents("data: a\n\nevent: error\ndata: b\n\n").failed).toBe(true);
});
