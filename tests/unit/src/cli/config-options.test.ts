import { Command } from "commander";
import { expect, test } from "vitest";
import { addConfigOptions, readFor } from "../../../../src/cli/config-options.js";
import { ConfigFaults } from "../../../../src/config/config-faults.js";
import { makeTools } from "./fake-tools.js";

test("the options win over the environment of the tools", () => {
  const { tools } = makeTools({ env: { LOOM_HOME: "/from-environment", PORT: "1" }, uid: 0 });
  expect(readFor(tools, {}).home).toBe("/from-environment");
  expect(readFor(tools, { home: "/from-option" }, { port: 2 })).toMatchObject({
    home: "/from-option",
    listen: { port: 2 },
  });
});

test("a file that is not there is a fault of the configuration", () => {
  expect(() => readFor(makeTools().tools, { config: "missing.yaml" })).toThrow(ConfigFaults);
});

test("a command takes both", () => {
  const command = addConfigOptions(new Command()).parse(["--home", "h", "--config", "c"], { from: "user" });
  expect(command.opts()).toEqual({ home: "h", config: "c" });
});
