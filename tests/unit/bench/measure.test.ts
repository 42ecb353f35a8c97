import { expect, test } from "vitest";
import type { ClosedResult, OpenResult } from "../../../bench/load/loads.js";
import { FaultList, faultOf, latencyFigures } from "../../../bench/measure.js";
import type { Target } from "../../../bench/world.js";

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

test("in an open loop a late answer is a figure, and a broken connection a fault", () => {
  const open = (unanswered: number, broken: number): OpenResult => {
    const times = { latenciesMs: new Float64Array(), latenessMs: new Float64Array(), elapsedMs: 1 };
    return {
      kind: "open",
      ...times,
      offered: 10,
      statuses: { 200: 10 - unanswered },
      unanswered,
      broken,
      connections: 1,
    };
  };
  expect(faultOf(open(3, 0), 10)).toBeNull();
  expect(faultOf(open(3, 1), 10)).toBe("1 of 10 requests failed (1 unanswered)");
});

test("the floor is what a busy machine hardly moves: the 1st percentile", () => {
  const samples = Float64Array.from({ length: 1000 }, (_, at) => 1000 - at);
  expect(latencyFigures(samples)).toEqual({ floor: 10, p50: 500, p99: 990, p999: 999 });
});

test("what a peer fails at is told, and makes no run of Loom worthless", () => {
  const list = new FaultList();
  const target = (name: string, kind: Target["kind"]): Target => ({ name, kind, url: "", key: "", meter: () => ({}) });
  list.add(target("loom", "loom"), null);
  list.add(target("litellm", "peer"), "1 of 2 requests failed");
  list.add(target("nginx", "nginx"), "2 of 2 requests failed");
  expect(list).toMatchObject({
    notes: ["litellm: 1 of 2 requests failed"],
    faults: ["nginx: 2 of 2 requests failed"],
  });
});
