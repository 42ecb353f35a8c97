import { describe, expect, it } from "vitest";
import { BytesInFlight } from "../../../src/bytes-in-flight.js";

describe("bytes in flight", () => {
  it("are over their bound above it, not at it", () => {
    const bytes = new BytesInFlight(10);
    bytes.add(10);
    expect(bytes.isOver).toBe(false);
    bytes.add(1);
    expect([bytes.isOver, bytes.bytes]).toEqual([true, 11]);
  });

  it("tell those who wait once, when there is room, and those who wait again then at the next time", () => {
    const bytes = new BytesInFlight(10);
    const told: string[] = [];
    bytes.add(30);
    bytes.whenFree(() => {
      told.push("a");
      bytes.whenFree(() => told.push("a again"));
    });
    bytes.add(-10);
    expect(told).toEqual([]);
    bytes.add(-15);
    expect(told).toEqual(["a"]);
    bytes.add(1);
    expect(told).toEqual(["a"]);
    bytes.add(-1);
    expect(told).toEqual(["a", "a again"]);
  });
});
