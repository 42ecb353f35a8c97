// When a question of the dashboard is asked again by itself.
import { describe, expect, it } from "vitest";
import { ApiFailure } from "../../../dashboard/src/api/ask.js";
import { retryDelay, retryFailure, retryTrace } from "../../../dashboard/src/api/retry.js";

const failure = (status: number) => new ApiFailure(status, "no", {});
/** An id whose time lies so many ms before now. */
function idOf(ageMs: number): string {
  const hex = (Date.now() - ageMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-0123456789ab`;
}

describe("a question is asked again", () => {
  it("twice where the gateway is away or failed, and never where it refused", () => {
    expect([0, 500, 503].map((status) => retryFailure(1, failure(status)))).toEqual([true, true, true]);
    expect(retryFailure(2, failure(503))).toBe(false);
    expect([400, 401, 404, 429].map((status) => retryFailure(0, failure(status)))).toEqual(Array(4).fill(false));
  });

  it("for a trace that began just now for as long as its row may be on its way", () => {
    expect(retryTrace(idOf(500))(20, failure(404))).toBe(true);
    expect(retryTrace(idOf(11_000))(0, failure(404))).toBe(false);
    expect(retryTrace("no id")(0, failure(404))).toBe(false);
    expect(retryTrace(idOf(500))(0, failure(403))).toBe(false);
  });

  it("soon at first, and every other second later", () => {
    expect([0, 1, 2, 3, 9].map(retryDelay)).toEqual([200, 400, 800, 1600, 2000]);
  });
});
