import { expect, test } from "vitest";
import { cpuPerUnit, meterFamilies } from "../../../../bench/cpu/cpu-meter.js";

test("CPU is divided into µs a unit; a part that was not there before is left out", () => {
  const before = { main: 10, lanes: 20 };
  const after = { main: 30, lanes: 60, postgres: 5 };
  expect(cpuPerUnit(before, after, 1000)).toEqual({ main: 20, lanes: 40 });
});

test.runIf(process.platform === "linux")("a process that works uses CPU", () => {
  const meter = meterFamilies({ own: process.pid });
  const before = meter();
  const until = performance.now() + 60;
  while (performance.now() < until);
  expect(cpuPerUnit(before, meter(), 1)["own"]).toBeGreaterThan(10_000);
});
