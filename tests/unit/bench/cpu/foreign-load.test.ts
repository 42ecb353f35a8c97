import { expect, test } from "vitest";
import { parseMachineMs, watchForeignLoad } from "../../../../bench/cpu/foreign-load.js";

test("the machine is busy in all of its fields but idle and waiting for disks; stolen time counts", () => {
  const stat = "cpu  100 20 30 4000 500 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
  expect(parseMachineMs(stat)).toBe((100 + 20 + 30 + 6 + 7 + 8) * 10);
  expect(parseMachineMs("nothing")).toBeNaN();
});

test.runIf(process.platform === "linux")("what the own process uses is not foreign", () => {
  const readOwn = watchForeignLoad(process.pid);
  const readAll = watchForeignLoad(-1);
  const until = performance.now() + 400;
  while (performance.now() < until);
  expect(readOwn()).toBeLessThan(readAll());
});
