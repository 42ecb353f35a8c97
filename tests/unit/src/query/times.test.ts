import { describe, expect, test } from "vitest";
import { isoOfMicros, readCursor, writeCursor } from "../../../../src/query/cursor.js";
import { Parameters } from "../../../../src/query/filter-sql.js";
import { allBucketsSql, bucketSql, coarsestSums, readBuckets } from "../../../../src/query/time-buckets.js";
import { readDuration, readListSpan, readTime, readWindow } from "../../../../src/query/time-span.js";

const now = Date.parse("2027-05-05T10:11:12.345Z");
const hour = 3_600_000;
const day = 24 * hour;

describe("a time", () => {
  test.each([
    ["now", "2027-05-05T10:11:12.345Z"],
    ["now-90m", "2027-05-05T08:41:12.345Z"],
    ["now/d", "2027-05-05T00:00:00.000Z"],
    ["now-1d/w", "2027-05-03T00:00:00.000Z"],
    ["2027-05-01", "2027-05-01T00:00:00.000Z"],
    ["2027-05-01T10:00", "2027-05-01T10:00:00.000Z"],
    ["2027-05-01T10:00:00+02:00", "2027-05-01T08:00:00.000Z"],
    ["1777888999", "2026-05-04T10:03:19.000Z"],
    ["1777888999123", "2026-05-04T10:03:19.123Z"],
  ])("%s is %s", (text, iso) => {
    expect(new Date(readTime(text, "from", now)).toISOString()).toBe(iso);
  });

  test.each(["yesterday", "now-1", "2027-13-01", "12", ""])("%j is none, and the parameter is named", (text) => {
    expect(() => readTime(text, "from", now)).toThrow(expect.objectContaining({ code: "bad_request", param: "from" }));
  });

  test.each([
    ["15m", 900_000],
    ["1.5h", 5_400_000],
    ["7d", 7 * day],
  ])("a window of %s has %i ms", (text, ms) => {
    expect(readDuration(text, "window")).toBe(ms);
  });
});

describe("a window of sums", () => {
  test("lies on whole minutes and holds all that was asked for", () => {
    const { fromMs, toMs } = readWindow({ window: "1h" }, now, day);
    expect(new Date(toMs).toISOString()).toBe("2027-05-05T10:12:00.000Z");
    expect(toMs - fromMs).toBe(hour);
    expect(readWindow({ windowHours: "24" }, now, hour).fromMs).toBe(readWindow({}, now, day).fromMs);
  });

  test.each([{ from: "now", to: "now-1h" }, { from: "now-1h", window: "1h" }, { window: "4000d" }])(
    "refuses %j",
    (values) => expect(() => readWindow(values, now, day)).toThrow(expect.objectContaining({ code: "bad_request" })),
  );

  test("of a list is open to the past when nobody says where it begins", () => {
    expect(readListSpan({}, now)).toEqual({ fromMs: null, toMs: now + 1 });
    expect(readListSpan({ window: "1h", to: "now" }, now)).toEqual({ fromMs: now - hour, toMs: now });
  });
});

describe("a cursor", () => {
  const id = "0190a1b2-0000-7000-8000-00000000000b";

  test("comes back as it was given, to the microsecond", () => {
    expect(readCursor(writeCursor({ micros: "1777888999123456", id }))).toEqual({ micros: "1777888999123456", id });
    expect(isoOfMicros("1777888999123456")).toBe("2026-05-04T10:03:19.123456Z");
  });

  test("may be an ISO time, the older form", () => {
    expect(readCursor("2026-05-04T10:03:19.123456Z")).toEqual({ micros: "1777888999123456", id: null });
    expect(readCursor("2026-05-04T10:03:19Z")).toEqual({ micros: "1777888999000000", id: null });
  });

  test.each(["x", "????", Buffer.from("1.2").toString("base64url")])("is refused when it is %j", (text) => {
    expect(() => readCursor(text)).toThrow(expect.objectContaining({ param: "cursor" }));
  });
});

describe("buckets", () => {
  const span = (length: number) => ({ fromMs: now - length, toMs: now });

  test.each([
    [hour, 1],
    [day, 30],
    [30 * day, 720],
    [90 * day, 1440],
  ])("of %i ms are %i minutes wide", (length, minutes) => {
    expect(readBuckets({}, span(length)).widthMs).toBe(minutes * 60_000);
  });

  test.each([{ bucket: "7m" }, { bucket: "30s" }, { bucket: "36h" }, { bucketMinutes: "0" }, { bucket: "1m" }])(
    "refuse %j over 30 days",
    (values) => expect(() => readBuckets(values, span(30 * day))).toThrow(expect.objectContaining({ param: "bucket" })),
  );

  test("refuse a time zone that is none", () => {
    expect(() => readBuckets({ timeZone: "Mars/Base" }, span(day))).toThrow(
      expect.objectContaining({ param: "timeZone" }),
    );
  });

  test("of a day begin at midnight of their zone", () => {
    const parameters = new Parameters();
    const buckets = readBuckets({ bucket: "1d", timeZone: "Asia/Kolkata" }, span(7 * day));
    expect(bucketSql("at", buckets, parameters)).toContain("AT TIME ZONE $1::text");
    expect(parameters.values).toEqual(["Asia/Kolkata"]);
    expect(allBucketsSql(span(day), buckets, new Parameters())).toContain("interval '720 minutes'");
  });

  test.each([
    ["1d", "UTC", "day"],
    ["1d", "Asia/Kolkata", "day"],
    ["6h", "Asia/Kolkata", "half hour"],
    ["1h", "UTC", "half hour"],
    ["5m", "UTC", "minute"],
    ["6h", "Asia/Kathmandu", "minute"],
  ])("of %s in %s are filled from sums by %s", (bucket, timeZone, coarsest) => {
    const window = span(3 * day);
    expect(coarsestSums(readBuckets({ bucket, timeZone }, window), window)).toBe(coarsest);
  });
});
