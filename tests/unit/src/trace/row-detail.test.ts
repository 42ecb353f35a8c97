// What a lane writes of an exchange beside its columns, and what is read back of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { readRowDetail, writeRowDetail } from "../../../../src/trace/row-detail.js";
import { beginOf, endOf } from "../../../support/exchanges.js";

const noHeaders = { requestHeaders: null, answerHeaders: null };
const attempt = { provider: "openai", kind: "openai", model: "gpt-4o", status: 200, errorCode: null };
const roundTrip = (...exchange: Parameters<typeof writeRowDetail>) =>
  readRowDetail(JSON.parse(writeRowDetail(...exchange)));

describe("the detail of a row", () => {
  it("holds the tries, the phases, the moments of a stream and the client's program, with µs", () => {
    const begin = beginOf({ authenticatedMs: 0.123456, admittedMs: 0.5, userAgent: "OpenAI/JS 6.49.0" });
    const end = endOf({
      answerHeaders: "server: a: b\ncf-ray: 1\n",
      attempts: [
        { ...attempt, origin: "https://api.openai.com", startedMs: 1.00049, endedMs: 20.0005 },
        { ...attempt, status: null, errorCode: "upstream_timeout", startedMs: 21, endedMs: 22 },
      ],
      streamTimes: { every: 2, ms: [10.00001, 12.34567], bytes: [100, 2000] },
    });
    expect(roundTrip({ begin, end })).toEqual({
      attempts: [
        { ...attempt, startedMs: 1, endedMs: 20.001 },
        { ...attempt, status: null, errorCode: "upstream_timeout", startedMs: 21, endedMs: 22 },
      ],
      phases: { authenticatedMs: 0.123, admittedMs: 0.5 },
      streamTimes: { every: 2, ms: [10, 12.346], bytes: [100, 2000] },
      userAgent: "OpenAI/JS 6.49.0",
      requestHeaders: null,
      answerHeaders: [
        { name: "server", value: "a: b" },
        { name: "cf-ray", value: "1" },
      ],
    });
  });

  it("is bounded, and is JSON that PostgreSQL takes, whatever a client or a provider sent", () => {
    const model = `\0\ud800"${"x".repeat(2000)}`;
    const attempts = Array.from({ length: 50 }, () => ({ ...attempt, model, startedMs: 1, endedMs: 2 }));
    const text = writeRowDetail({
      begin: beginOf({ userAgent: `\ud800${"a".repeat(900)}`, requestHeaders: `accept: \0${"a".repeat(9000)}` }),
      end: endOf({ attempts, answerHeaders: `server: \ud800${"a".repeat(9000)}` }),
    });
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toContain("\0");
    const { attempts: kept, userAgent } = readRowDetail(JSON.parse(text));
    expect(kept).toHaveLength(16);
    expect(kept?.[0]?.model).toHaveLength(512);
    expect(text.length).toBeLessThan(limits.keptHeadersMax * 2 + 20_000);
    expect(userAgent).toBe(`\ufffd${"a".repeat(199)}`);
  });

  it("tells headers that were looked for and not there from those that nobody looked for", () => {
    const { requestHeaders, answerHeaders } = roundTrip({ begin: beginOf({ requestHeaders: "" }), end: endOf() });
    expect({ requestHeaders, answerHeaders }).toEqual({ requestHeaders: [], answerHeaders: null });
  });

  it("does not say that there were no tries when their end is not known", () => {
    const end = endOf({ outcome: "interrupted", attempts: [] });
    expect(roundTrip({ begin: beginOf(), end }).attempts).toBeNull();
    expect(roundTrip({ begin: beginOf(), end: endOf({ outcome: "refused", attempts: [] }) }).attempts).toEqual([]);
  });

  it("is all unknown in a row from before, and in what is none", () => {
    const unknown = { attempts: null, phases: null, streamTimes: null, userAgent: null, ...noHeaders };
    for (const value of [null, undefined, 1, "x", [], {}, { attempts: 1, stream: { every: 1, ms: [1], bytes: [] } }]) {
      expect(readRowDetail(value)).toEqual(unknown);
    }
    fc.assert(fc.property(fc.jsonValue(), (value) => void readRowDetail(value)));
  });
});
