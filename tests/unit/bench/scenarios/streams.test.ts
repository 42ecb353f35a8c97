import { expect, test } from "vitest";
import type { StreamsResult } from "../../../../bench/load/loads.js";
import { figuresOf } from "../../../../bench/scenarios/streams.js";

test("a gap of more than twice the pace is a stall", () => {
  const result: StreamsResult = {
    kind: "streams",
    firstByteMs: Float64Array.of(3, 1, 2),
    gapsMs: Float64Array.of(50, 100, 100.1, 20, 300),
    elapsedMs: 2000,
    events: 500,
    digests: {},
    failures: {},
    startLatenessMs: Float64Array.of(0),
  };
  expect(figuresOf(result)).toEqual({
    first50: 2,
    first99: 3,
    gap99: 300,
    stalls: 2,
    perSecond: 250,
    startLateness99: 0,
  });
});
