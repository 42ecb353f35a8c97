import { describe, expect, it } from "vitest";
import type { Check } from "../../../../src/doctor.js";
import { makeTools } from "./fake-tools.js";

const good: Check = { name: "node", state: "ok", detail: "v20.19.0", fix: "" };
const poor: Check = { name: "open files", state: "warn", detail: "1024", fix: "Raise it." };
const bad: Check = { name: "database", state: "fail", detail: "refused", fix: "See DATABASE_URL." };
const toolsFor = (...checks: Check[]) => makeTools({ env: { LOOM_HOME: "/tmp/x" }, examine: async () => checks });

describe("doctor", () => {
  it("prints a line a check with what to do, and how many are well", async () => {
    const { code, out } = await toolsFor(good, poor).run("doctor");
    expect(out).toMatch(/^ok +node +v20\.19\.0\nwarn +open files +1024\n +Raise it\.\n\ndoctor 1\/2\n$/);
    expect(code).toBe(0);
  });

  it("ends with 1 when something is wrong, and by --strict for a warning too", async () => {
    expect((await toolsFor(good, bad).run("doctor")).code).toBe(1);
    expect((await toolsFor(good, poor).run("doctor", "--strict")).code).toBe(1);
  });

  it("prints JSON", async () => {
    const { out } = await toolsFor(good, bad).run("doctor", "--json");
    expect(JSON.parse(out)).toEqual({ healthy: false, checks: [good, bad] });
  });

  it("ends with 78 for a configuration that is none", async () => {
    const { run } = makeTools({ env: { LOOM_LANES: "many" } });
    expect((await run("doctor")).code).toBe(78);
  });
});
