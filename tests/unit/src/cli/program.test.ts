import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildProgram } from "../../../../src/cli/program.js";
import type { Config } from "../../../../src/config/config.js";
import { configJsonSchema } from "../../../../src/config/config-json-schema.js";
import { makeTools } from "./fake-tools.js";

const commands = [
  "start",
  "migrate",
  "tenant create",
  "tenant list",
  "key create",
  "key list",
  "key revoke",
  "provider set",
  "provider list",
  "route set",
  "route list",
  "config check",
  "config print",
  "config schema",
];

describe("help", () => {
  test.each(commands)("of %s has an example and goes to standard output", async (command) => {
    const { code, out, error } = await makeTools().run(...command.split(" "), "--help");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Usage: loom ${command}`));
    expect(out).toMatch(/Examples?:\n {2}\$ .*loom/);
    expect(error).toBe("");
  });

  test("lists no command that is not tried here", () => {
    const program = buildProgram(makeTools().tools);
    const listed = program.commands.flatMap((command) =>
      command.commands.length === 0
        ? [command.name()]
        : command.commands.map((inner) => `${command.name()} ${inner.name()}`),
    );
    expect(listed.sort()).toEqual([...commands].sort());
  });

  test("of the program names the exit codes", async () => {
    const { code, out } = await makeTools().run("--help");
    expect(code).toBe(0);
    expect(out).toContain("Exit codes: 0 done, 1 failed, 2 wrong use, 78 wrong configuration.");
  });

  test("has colours only where they are wanted", async () => {
    const plain = await makeTools().run("--help");
    const coloured = await makeTools({ colours: { out: true, error: true } }).run("--help");
    expect(plain.out).not.toContain("\u001b");
    expect(coloured.out).toContain("\u001b[1mUsage:");
  });

  test("is shown, as a wrong use, when no command is given", async () => {
    for (const args of [[], ["tenant"], ["key"]]) {
      const { code, out, error } = await makeTools().run(...args);
      expect([code, out]).toEqual([2, ""]);
      expect(error).toContain("Usage: loom");
    }
  });
});

test("--version prints the version", async () => {
  expect(await makeTools().run("--version")).toEqual({ code: 0, out: "9.8.7\n", error: "" });
});

describe("wrong use", () => {
  test.each([
    ["strat"],
    ["start --prot 1"],
    ["start --port many"],
    ["start --port 70000"],
    ["start extra"],
    ["tenant create"],
    ["key create"],
    ["key create --tenant a --expires never"],
    ["key create --tenant a --expires 2001-01-01"],
    ["key create --tenant a --scopes Bodies"],
    ["provider set x"],
    ["provider set a/b --tenant a"],
    ["provider set mock --tenant a"],
    ["provider set x --tenant a --kind other"],
    ["provider set x --tenant a --api-key k --api-key-stdin"],
    ["provider set x --tenant a --api-key k --api-key-env E"],
    ["provider set x --tenant a --api-key-env NOT_SET"],
    ["provider set x --tenant a --api-key-stdin"],
    ["provider set x --tenant a --auth none --api-key k"],
    ["provider set x --tenant a --base-url ftp://x"],
    ["provider set x --tenant a --api-version soon"],
    ["provider set x --tenant a --deployment model"],
    ["route set fast --tenant a"],
    ["route set fast gpt-4o --tenant a"],
  ])("%s ends with 2 and a line on standard error", async (line) => {
    const { code, out, error } = await makeTools().run(...line.split(" "));
    expect([code, out]).toEqual([2, ""]);
    expect(error).toMatch(/^error: .+/);
  });

  test("suggests the command that was meant", async () => {
    expect((await makeTools().run("strat")).error).toContain("Did you mean start?");
  });

  test("a provider's key is never repeated", async () => {
    const { code, error } = await makeTools().run("provider", "set", "x", "--tenant", "a", "--api-key", "hush hush");
    expect(code).toBe(2);
    expect(error).not.toContain("hush");
  });
});

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

describe("config", () => {
  test("check ends with 0 and says what providers lack", async () => {
    const { run } = makeTools({ env: { OPENAI_BASE_URL: "http://x/v1" } });
    const { code, out } = await run("config", "check");
    expect(code).toBe(0);
    expect(out).toMatch(/^The configuration is good.*\n {2}openai cannot be called yet: set OPENAI_API_KEY\n$/);
    expect(JSON.parse((await run("config", "check", "--json")).out)).toEqual({
      faults: [],
      file: null,
      lacks: [{ provider: "openai", lack: "set OPENAI_API_KEY" }],
    });
  });

  test("check ends with 78 and the faults, as text and as JSON", async () => {
    const { run } = makeTools({ env: { PORT: "x" } });
    expect((await run("config", "check")).code).toBe(78);
    const { code, out } = await run("config", "check", "--json");
    expect(code).toBe(78);
    expect(JSON.parse(out)).toMatchObject({ faults: [{ where: "PORT" }] });
  });

  test("print shows what is in effect and no secret", async () => {
    const { run } = makeTools({ env: { OPENAI_API_KEY: "hush", DATABASE_URL: "postgres://u:hush@h/d", PORT: "9" } });
    for (const args of [[], ["--json"]]) {
      const { code, out } = await run("config", "print", ...args);
      expect(code).toBe(0);
      expect(out).toMatch(/"?port"?: 9/);
      expect(out).toContain("[secret]");
      expect(out).not.toContain("hush");
    }
  });

  test("schema prints the very file that is committed", async () => {
    const { out } = await makeTools().run("config", "schema");
    expect(JSON.parse(out)).toEqual(configJsonSchema());
    expect(out).toBe(readFileSync(new URL("../../../../loom.schema.json", import.meta.url), "utf8"));
  });
});
