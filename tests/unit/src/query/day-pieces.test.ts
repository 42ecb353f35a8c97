import { describe, expect, test } from "vitest";
import { findPieces } from "../../../../src/query/day-pieces.js";

const minute = 60_000;
const day = 1440 * minute;
const at = (text: string) => Date.parse(`2027-${text}Z`);
const text = (ms: number) => new Date(ms).toISOString().slice(5, 16);
/** The begins of days whose zone is so many minutes off. */
const beginsOf = (fromMs: number, count: number, offset: number) =>
  Array.from({ length: count }, (_, index) => fromMs + index * day - offset * minute);
const readable = (pieces: ReturnType<typeof findPieces>) =>
  pieces.map((one) => [text(one.fromMs), text(one.toMs), text(one.countedMs), text(one.belongsMs)]);

describe("pieces of days", () => {
  test("there are none where the buckets are days of UTC", () => {
    expect(findPieces({ fromMs: at("05-01"), toMs: at("05-04") }, beginsOf(at("05-01"), 3, 0))).toEqual([]);
  });

  test("east of Greenwich the evening is the next day's", () => {
    const pieces = findPieces({ fromMs: at("05-01T10:00"), toMs: at("05-03T09:00") }, beginsOf(at("05-01"), 4, 330));
    expect(readable(pieces)).toEqual([["05-02T18:30", "05-03T00:00", "05-01T18:30", "05-02T18:30"]]);
  });

  test("west of it the early morning is the day's before", () => {
    const pieces = findPieces({ fromMs: at("05-01T10:00"), toMs: at("05-03T09:00") }, beginsOf(at("05-01"), 4, -210));
    expect(readable(pieces)).toEqual([["05-02T00:00", "05-02T03:30", "05-02T03:30", "05-01T03:30"]]);
  });

  test("a week has pieces only where it begins", () => {
    const begins = [at("05-02T18:30"), at("05-09T18:30")];
    expect(readable(findPieces({ fromMs: at("05-03"), toMs: at("05-15") }, begins))).toEqual([
      ["05-09T18:30", "05-10T00:00", "05-02T18:30", "05-09T18:30"],
    ]);
  });

  test("a day of UTC may have two begins: a day of 23 hours", () => {
    const begins = [at("03-27T00:00"), at("03-28T00:00"), at("03-28T23:00")];
    expect(readable(findPieces({ fromMs: at("03-27"), toMs: at("03-30") }, begins))).toEqual([
      ["03-28T23:00", "03-29T00:00", "03-28T00:00", "03-28T23:00"],
    ]);
  });
});
