import { expect, test } from "vitest";
import { composeConfig } from "../../../../src/config/compose-config.js";
import type { ConfigFault } from "../../../../src/config/config-faults.js";
import type { FileSettings } from "../../../../src/config/config-schema.js";

function compose(settings: FileSettings, written: readonly string[] = []) {
  const faults: ConfigFault[] = [];
  const around = {
    file: null,
    cwd: "/w",
    uid: 1,
    cores: 1,
    written,
    locate: (path: readonly string[]) => path.join("."),
  };
  return { config: composeConfig(settings, around, faults), faults };
}

test("a provider without a base URL is a fault where somebody wrote it, and a lack where the environment made it", () => {
  const settings = { providers: { groq: { apiKey: "k" } } };
  expect(compose(settings, ["groq"]).faults.map((fault) => fault.where)).toEqual(["providers.groq"]);
  expect(compose(settings)).toMatchObject({ faults: [], config: { providers: [{ name: "groq", baseUrl: "" }] } });
});

test.each([
  [{}, "mock"],
  [{ a: { baseUrl: "http://a" }, b: { baseUrl: "http://b" } }, "a"],
  [{ a: { baseUrl: "http://a" }, openai: { apiKey: "k" } }, "openai"],
  [{ a: { baseUrl: "http://a" }, "azure-openai": { baseUrl: "http://z", apiKey: "k" } }, "azure-openai"],
  [{ a: { baseUrl: "http://a" }, openai: {} }, "a"],
  [{ openai: {} }, "openai"],
])("of %j the default provider is %s", (providers, name) => {
  expect(compose({ providers }).config.defaultProvider).toBe(name);
});

test("the default provider has to be one that there can be", () => {
  expect(compose({ defaultProvider: "azure-openai" }).faults).toEqual([]);
  expect(compose({ defaultProvider: "groq" }, ["groq"]).faults).toEqual([]);
  expect(compose({ defaultProvider: "acme" }).faults).toMatchObject([
    { where: "defaultProvider", fix: "Add it to providers, or name one of openai, azure-openai, mock." },
  ]);
});

test("a route named like a property of every object is only a route", () => {
  const { config } = compose({ routes: { constructor: "mock/echo" } });
  expect(config.routes).toEqual({ constructor: ["mock/echo"] });
});
