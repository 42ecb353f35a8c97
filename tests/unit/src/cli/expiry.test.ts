import { expect, test } from "vitest";
import { parseExpiry } from "../../../../src/cli/expiry.js";

const now = new Date("2026-11-21T12:00:00Z");

test.each([
  ["30m", "2026-11-21T12:30:00.000Z"],
  ["12h", "2026-11-22T00:00:00.000Z"],
  ["90d", "2027-02-19T12:00:00.000Z"],
  ["2w", "2026-12-05T12:00:00.000Z"],
  ["1y", "2027-11-21T12:00:00.000Z"],
  ["2027-01-31", "2027-01-31T00:00:00.000Z"],
  ["2027-01-31T10:00:00+02:00", "2027-01-31T08:00:00.000Z"],
])("%s is %s", (text, expected) => {
  expect(parseExpiry(text, now).toISOString()).toBe(expected);
});

test.each(["", "0d", "-1d", "1.5h", "90", "d", "tomorrow", "2027-13-01", "2027-02-30", "01/02/2027", "2027"])(
  "%j is not understood",
  (text) => {
    expect(() => parseExpiry(text, now)).toThrow(/does not understand/);
  },
);

test("a time that has passed is refused", () => {
  expect(() => parseExpiry("2026-11-21", now)).toThrow(/in the past/);
});
