import { describe, expect, test } from "vitest";
import type { Config } from "../../../../src/config/config.js";
import { makeTools } from "./fake-tools.js";

describe("start", () => {
  test("is given the configuration with the options on top", async () => {
    const started: Config[] = [];
    const { run } = makeTools({
      env: { PORT: "1", HOST: "10.0.0.1" },
      start: async (config) => {
        started.push(config);
      },
    });
    expect(await run("start", "--port", "0", "--home", "/h")).toEqual({ code: 0, out: "", error: "" });
    expect(started[0]).toMatchObject({ home: "/h", listen: { host: "10.0.0.1", port: 0 } });
  });

  test("ends with 78 and every fault when the configuration is wrong, and starts nothing", async () => {
    let starts = 0;
    const { run } = makeTools({
      env: { PORT: "x", LOOM_LANE: "1" },
      start: async () => {
        starts += 1;
      },
    });
    const { code, error } = await run("start");
    expect([code, starts]).toEqual([78, 0]);
    expect(error).toMatch(/2 faults:\n.*LOOM_LANE.*Did you mean LOOM_LANES\?\n.*PORT/);
  });

  test("ends with 1 and the reason when it fails, also when the reason is hidden in an aggregate", async () => {
    const refused = new AggregateError([new Error("connect ECONNREFUSED ::1:5432")], "");
    for (const [failure, line] of [
      [new Error("port 8080 is taken"), "error: port 8080 is taken\n"],
      [new Error("no database", { cause: refused }), "error: no database (connect ECONNREFUSED ::1:5432)\n"],
      [refused, "error: connect ECONNREFUSED ::1:5432\n"],
    ] as const) {
      const { run } = makeTools({ start: () => Promise.reject(failure) });
      expect(await run("start")).toEqual({ code: 1, out: "", error: line });
    }
  });
});

test("migrate says what was applied", async () => {
  const { run } = makeTools({ migrate: async () => ({ applied: ["0001_tables", "0002_traces"] }) });
  expect((await run("migrate")).out).toBe("Applied 0001_tables, 0002_traces.\n");
  expect(JSON.parse((await run("migrate", "--json")).out)).toEqual({ applied: ["0001_tables", "0002_traces"] });
  expect((await makeTools().run("migrate")).out).toBe("Nothing to migrate.\n");
});
