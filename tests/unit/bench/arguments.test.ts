import { describe, expect, test } from "vitest";
import { readArguments, UsageFault, writeUsage } from "../../../bench/arguments.js";
import type { Scenario } from "../../../bench/scenario.js";

const scenario = (name: string, quick: number | null): Scenario => ({
  name,
  says: `what ${name} measures`,
  seconds: { quick, full: 10 },
  run: () => Promise.reject(new Error("not here")),
});
const scenarios = [scenario("overhead", 5), scenario("rate", 5), scenario("soak", null)];
const read = (...argv: string[]) => readArguments(argv, scenarios);
const names = (...argv: string[]) => read(...argv)?.chosen.map(({ name }) => name);

describe("the command line of the bench", () => {
  test("takes all scenarios when none is named, but for the slow ones in a quick run", () => {
    expect(names()).toEqual(["overhead", "rate", "soak"]);
    expect(names("--quick")).toEqual(["overhead", "rate"]);
    expect(names("--quick", "soak", "overhead")).toEqual(["overhead", "soak"]);
  });

  test("soaks for ten minutes when told to by name, and for less among others", () => {
    expect(read("soak")?.soakSeconds).toBe(600);
    expect(read()?.soakSeconds).toBeLessThan(60);
    expect(read("--quick", "soak")?.soakSeconds).toBeLessThan(30);
    expect(read("--soak-seconds", "90")?.soakSeconds).toBe(90);
  });

  test("keeps the results of full runs only, unless it is told to", () => {
    expect(read()?.save).toBe(true);
    expect(read("overhead")?.save).toBe(false);
    expect(read("--quick")?.save).toBe(false);
    expect(read("--quick", "--save")?.save).toBe(true);
  });

  test("repeats the runs that a baseline is taken from, and takes none from quick ones", () => {
    expect(read()?.runs).toBe(1);
    expect(read("--save-baseline")?.runs).toBe(3);
    expect(read("--save-baseline", "--runs", "5")?.runs).toBe(5);
    expect(() => read("--save-baseline", "--quick")).toThrow(UsageFault);
  });

  test.each([["nothing"], ["--nothing"], ["--runs", "0"], ["--soak-seconds", "1.5"], ["--compare"]])(
    "refuses %s %s",
    (...argv) => {
      expect(() => read(...argv)).toThrow(UsageFault);
    },
  );

  test("explains each scenario", () => {
    expect(read("--help")).toBeNull();
    for (const { says } of scenarios) expect(writeUsage(scenarios)).toContain(says);
  });
});
