import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "../../../../src/config/read-config.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loom-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(env: Record<string, string>, yaml?: string) {
  if (yaml !== undefined) writeFileSync(join(folder, "loom.yaml"), yaml);
  return readConfig({ env, cwd: folder, uid: 1 });
}

test("a key of OpenAI alone makes its provider the default one", () => {
  const { providers, defaultProvider } = read({ OPENAI_API_KEY: "k" });
  expect(providers).toMatchObject([
    {
      name: "openai",
      kind: "openai",
      baseUrl: "https://api.openai.com/v1",
      auth: "bearer",
      apiVersion: null,
      deployments: {},
    },
  ]);
  expect(defaultProvider).toBe("openai");
});

test("Azure's endpoint and key make its provider, with the v1 paths unless a dated version is given", () => {
  const env = { AZURE_OPENAI_ENDPOINT: "https://r.openai.azure.com/", AZURE_OPENAI_API_KEY: "k" };
  expect(read(env)).toMatchObject({
    providers: [{ name: "azure-openai", kind: "azure-openai", auth: "api-key", apiVersion: null }],
    defaultProvider: "azure-openai",
  });
  for (const version of ["v1", "preview", "latest"]) {
    expect(read({ ...env, AZURE_OPENAI_API_VERSION: version }).providers[0]?.apiVersion).toBeNull();
  }
});

test("a provider that lacks its key or endpoint is no fault, and not the default while another is complete", () => {
  const { providers, defaultProvider } = read(
    { OPENAI_BASE_URL: "http://x/v1", AZURE_OPENAI_API_KEY: "k" },
    "providers:\n  local:\n    baseUrl: http://y/v1\n",
  );
  expect(providers.map(({ name, baseUrl, credential }) => [name, baseUrl, credential === null])).toEqual([
    ["local", "http://y/v1", true],
    ["openai", "http://x/v1", true],
    ["azure-openai", "", false],
  ]);
  expect(defaultProvider).toBe("local");
});

test("the environment overrides single fields of a provider of loom.yaml", () => {
  const yaml = "providers:\n  openai:\n    baseUrl: http://from-file/v1\n    apiKey: old\n    auth: api-key\n";
  expect(read({ OPENAI_API_KEY: "new" }, yaml).providers[0]).toMatchObject({
    baseUrl: "http://from-file/v1",
    auth: "api-key",
  });
  expect(read({ OPENAI_API_KEY: "new" }).providers[0]?.credential?.reveal()).toBe("new");
});

test("a provider's kind follows its name, and is openai-compatible for any other", () => {
  const yaml =
    "providers:\n  openai:\n  groq:\n    baseUrl: http://g/v1\n    apiKey: k\n  ollama:\n    baseUrl: http://o/v1\n";
  const { providers, defaultProvider } = read({}, yaml);
  expect(providers.map(({ name, kind, auth }) => [name, kind, auth])).toEqual([
    ["openai", "openai", "bearer"],
    ["groq", "openai-compatible", "bearer"],
    ["ollama", "openai-compatible", "bearer"],
  ]);
  expect(defaultProvider).toBe("groq");
});

test("deployments and routes are kept in order, and a single target is a list of one", () => {
  const yaml = `
providers:
  azure-openai:
    baseUrl: https://r.openai.azure.com
    apiVersion: 2024-10-21
    deployments:
      gpt-4o: my-4o
routes:
  fast: mock/echo
  safe: [azure-openai/gpt-4o, openai/gpt-4o]
defaultProvider: azure-openai
`;
  expect(read({}, yaml)).toMatchObject({
    providers: [{ apiVersion: "2024-10-21", deployments: { "gpt-4o": "my-4o" } }],
    routes: { fast: ["mock/echo"], safe: ["azure-openai/gpt-4o", "openai/gpt-4o"] },
    defaultProvider: "azure-openai",
  });
});

test("a default provider that every tenant may bring itself need not be configured", () => {
  expect(read({ LOOM_DEFAULT_PROVIDER: "openai" }).defaultProvider).toBe("openai");
});

test("the name of the built-in mock provider is taken", () => {
  expect(() => read({}, "providers:\n  mock:\n    baseUrl: http://x\n")).toThrow(
    /loom.yaml:2 providers.mock: .*built in/,
  );
});
