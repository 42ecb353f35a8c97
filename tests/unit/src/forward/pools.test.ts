import { afterEach, describe, expect, it } from "vitest";
import { Pools } from "../../../../src/forward/pools.js";
import { limits } from "../../../../src/limits.js";
import type { LoomEvent } from "../../../../src/report/events.js";

const origin = "http://127.0.0.1:9";
let events: LoomEvent[] = [];
let pools: Pools;
function open(): Pools {
  events = [];
  pools = new Pools({
    connectTimeoutMs: 100,
    connectionsPerTargetMax: 1,
    allowedHosts: [],
    emit: (event) => events.push(event),
  });
  return pools;
}
afterEach(() => pools.stop());

describe("the pools", () => {
  it("are one for each owner and origin", () => {
    const { size } = open();
    expect(size).toBe(0);
    const pool = pools.get("operator", origin);
    expect(pools.get("operator", origin)).toBe(pool);
    expect(pools.get("tenant:1", origin)).not.toBe(pool);
    expect(pools.get("operator", "http://127.0.0.1:10")).not.toBe(pool);
    expect(pools.size).toBe(3);
  });

  it("are replaced with an event, when there was one", () => {
    const before = open().get("operator", origin);
    pools.replace("operator", origin, "why");
    pools.replace("operator", origin, "again");
    expect(events).toEqual([{ name: "pool_replaced", origin, reason: "why" }]);
    expect(before.closed).toBe(true);
    expect(pools.get("operator", origin)).not.toBe(before);
  });

  it("of one owner go out of use together, and no other's", () => {
    const other = open().get("tenant:12", origin);
    const own = [pools.get("tenant:1", origin), pools.get("tenant:1", "http://127.0.0.1:10")];
    pools.retireOwner("tenant:1");
    expect(own.every((pool) => pool.closed)).toBe(true);
    expect(other.closed).toBe(false);
    expect(events).toEqual([]);
  });

  it("are bounded: the least used is closed", () => {
    const first = open().get("operator", origin);
    for (let index = 1; index <= limits.upstreamPoolsMax; index += 1) pools.get(`tenant:${index}`, origin);
    expect(pools.size).toBe(limits.upstreamPoolsMax);
    expect(first.closed).toBe(true);
  });
});
