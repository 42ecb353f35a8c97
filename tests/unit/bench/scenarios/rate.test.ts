import { expect, test } from "vitest";
import type { OpenResult } from "../../../../bench/load/loads.js";
import { rateFigures } from "../../../../bench/scenarios/rate.js";

const result = (changes: Partial<OpenResult>): OpenResult => ({
  kind: "open",
  latenciesMs: new Float64Array(1000).fill(2),
  latenessMs: new Float64Array(1000).fill(0.1),
  offered: 1000,
  elapsedMs: 1000,
  statuses: { 200: 1000 },
  unanswered: 0,
  broken: 0,
  connections: 32,
  ...changes,
});

test("a rate is sustained when all was answered, in time and fast", () => {
  expect(rateFigures(result({}), 1000)).toMatchObject({ perSecond: 1000, failed: 0, p99: 2, sustained: 1000 });
});

test.each([
  ["one request failed", { statuses: { 200: 999, 503: 1 } }],
  ["the slowest hundredth took too long", { latenciesMs: new Float64Array(1000).fill(2).fill(25, 0, 11) }],
  ["the answers fell behind", { elapsedMs: 1100 }],
])("a rate is not sustained when %s", (_what, changes) => {
  expect(rateFigures(result(changes), 1000)["sustained"]).toBeNaN();
});
