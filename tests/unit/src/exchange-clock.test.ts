import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { ExchangeClock } from "../../../src/exchange-clock.js";

it("counts as Loom's own what is neither waiting nor reading", async () => {
  const clock = new ExchangeClock(performance.now() - 10);
  expect(clock.ttfbMs).toBeNull();
  expect(clock.overheadMs()).toBeGreaterThanOrEqual(10);
  clock.noteSent();
  await sleep(60);
  clock.noteFirstByte();
  clock.noteEnd();
  expect(clock.ttfbMs).toBeGreaterThanOrEqual(69);
  expect(clock.overheadMs()).toBeLessThan(60);
});

it("keeps the first of each moment", async () => {
  const clock = new ExchangeClock(performance.now());
  clock.noteFirstByte();
  const first = clock.ttfbMs;
  await sleep(2);
  clock.noteFirstByte();
  expect(clock.ttfbMs).toBe(first);
});
