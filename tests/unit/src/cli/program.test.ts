import { describe, expect, test } from "vitest";
import { buildProgram } from "../../../../src/cli/program.js";
import { exitCodes } from "../../../../src/cli/program-tools.js";
import { makeTools } from "./fake-tools.js";

const commands = [
  "start",
  "migrate",
  "tenant create",
  "tenant list",
  "tenant hold",
  "tenant policy",
  "tenant erase",
  "key create",
  "key list",
  "key revoke",
  "provider set",
  "provider list",
  "provider test",
  "doctor",
  "route set",
  "route list",
  "keys-master list",
  "keys-master rotate",
  "keys-master wrap",
  "retention status",
  "retention run",
  "dead list",
  "dead show",
  "dead retry",
  "audit verify",
  "audit export",
  "audit report",
  "config check",
  "config print",
  "config schema",
  "seed",
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
    ["tenant policy acme"],
    ["tenant policy acme maybe"],
    ["tenant erase acme"],
    ["tenant erase acme --yes --wait soon"],
    ["keys-master rotate 2"],
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
    ["seed --rows none"],
    ["seed --days 0"],
    ["seed --tenants 100"],
  ])("%s ends with 2 and a line on standard error", async (line) => {
    const { code, out, error } = await makeTools().run(...line.split(" "));
    expect([code, out]).toEqual([exitCodes.usage, ""]);
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
