import { expect, test } from "vitest";
import { type CpuReading, cpuPerUnit } from "../../../bench/cpu-meter.js";

const reading = (ms: number): CpuReading => ({
  main: ms,
  lanes: 2 * ms,
  other: 0,
  postgres: ms,
  nginx: Number.NaN,
  mock: ms,
  generator: ms,
});

test("CPU is divided into µs a unit; what is not there stays not a number", () => {
  const perUnit = cpuPerUnit(reading(10), reading(30), 1000);
  expect(perUnit.main).toBe(20);
  expect(perUnit.lanes).toBe(40);
  expect(perUnit.other).toBe(0);
  expect(perUnit.nginx).toBeNaN();
});
