import { expect, it } from "vitest";
import { RestartDelay } from "../../../../src/supervise/restart-delay.js";

it("waits longer for a process that dies again and again, up to ten seconds", () => {
  const delay = new RestartDelay();
  expect(Array.from({ length: 9 }, () => delay.next(50))).toEqual([
    100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000,
  ]);
});

it("begins anew after a process that lived for long", () => {
  const delay = new RestartDelay();
  delay.next(50);
  delay.next(50);
  expect([delay.next(60_000), delay.next(50)]).toEqual([100, 200]);
});
