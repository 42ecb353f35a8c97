import { expect, test } from "vitest";
import type { ClosedResult } from "../../../../bench/loads.js";
import { faultOf } from "../../../../bench/scenarios/closed.js";

const result = (statuses: Record<number, number>, unanswered: number): ClosedResult => ({
  kind: "closed",
  latenciesMs: new Float64Array(),
  elapsedMs: 1,
  statuses,
  unanswered,
});

test("a load with nothing but good answers has no fault", () => {
  expect(faultOf(result({ 200: 10 }, 0), 10)).toBeNull();
});

test("a fault names what came in place of good answers", () => {
  expect(faultOf(result({ 200: 7, 503: 2 }, 1), 10)).toBe("3 of 10 requests failed (2 × 503, 1 unanswered)");
});
