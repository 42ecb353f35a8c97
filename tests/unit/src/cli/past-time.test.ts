import { expect, it } from "vitest";
import { parsePastTime } from "../../../../src/cli/past-time.js";

const now = new Date("2027-02-10T12:00:00Z");

it("a moment is how long ago, or when", () => {
  expect(parsePastTime("--since", "90m", now)).toBe(Date.parse("2027-02-10T10:30:00Z"));
  expect(parsePastTime("--since", "7d", now)).toBe(Date.parse("2027-02-03T12:00:00Z"));
  expect(parsePastTime("--since", "2027-01-31", now)).toBe(Date.parse("2027-01-31T00:00:00Z"));
  expect(parsePastTime("--since", "2027-01-31T01:00:00+01:00", now)).toBe(Date.parse("2027-01-31T00:00:00Z"));
});

it.each(["", "7", "d", "7y", "yesterday", "2027-13-01", "31.1.2027"])("%j is none", (text) => {
  expect(() => parsePastTime("--since", text, now)).toThrow(/--since does not understand/);
});
