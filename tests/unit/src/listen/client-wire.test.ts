import { describe, expect, it } from "vitest";
import { hasNoBody, isWritable } from "../../../../src/listen/client-wire.js";

describe("a header line of an answer", () => {
  it.each([
    ["x-a", "a b\tc \u00ff"],
    ["x-a", ""],
    ["X!#$%&'*+.^_`|~1", "x"],
  ])("may be written: %j %j", (name, value) => {
    expect(isWritable(name, value)).toBe(true);
  });

  it.each([
    ["x-a", "a\r\nx-b: c"],
    ["x-a", "a\nb"],
    ["x-a", "a\rb"],
    ["x-a", "a\u0000b"],
    ["x-a", "a\u007f"],
    ["x-a", "\u0100"],
    ["x a", "b"],
    ["", "b"],
    ["x:a", "b"],
    ["x-\u00e9", "b"],
  ])("is left out: %j %j", (name, value) => {
    expect(isWritable(name, value)).toBe(false);
  });
});

it("204 and 304 have no body", () => {
  expect([200, 204, 304, 400].map(hasNoBody)).toEqual([false, true, true, false]);
});
