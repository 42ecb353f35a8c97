import { describe, expect, it } from "vitest";
import { newTraceId } from "../../../../src/trace/trace-id.js";

describe("the id of a trace", () => {
  it("is a UUIDv7, later ones after earlier ones, and no two are the same", () => {
    const ids = Array.from({ length: 5000 }, newTraceId);
    for (const one of ids) expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
