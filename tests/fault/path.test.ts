// The harness against a gateway that nothing happens to: the oracle must find nothing then, and everything that a
// test plants.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { isAbove } from "./support/tier.js";
import { World } from "./support/world.js";

describeWithDatabase("a run without faults", () => {
  test("has a clean verdict", { skip: isAbove("usual") }, async () => {
    const world = await World.open({ scenario: "no fault" });
    try {
      await world.gateway.start();
      const load = world.load({ senders: 8 });
      await sleep(3000);
      await load.stop();
      const { verdict } = await world.expectWhole();
      expect(verdict.received).toBeGreaterThan(20);
    } finally {
      await world.close();
    }
  });
});
