import { describe, expect, it } from "vitest";
import { type ProviderKind, type ProviderSettings, providerKinds } from "../../../../src/config/config.js";
import { Secret } from "../../../../src/config/secret.js";
import { azureOpenai } from "../../../../src/providers/azure-openai.js";
import { mock, mockModels } from "../../../../src/providers/mock.js";
import { openai } from "../../../../src/providers/openai.js";
import { openaiCompatible } from "../../../../src/providers/openai-compatible.js";
import { listModels } from "../../../../src/providers/provider.js";
import { providerOf } from "../../../../src/providers/provider-table.js";

const chat = { method: "POST", path: "/chat/completions", query: "", apiVersion: null };

function settings(kind: ProviderKind, change: Partial<ProviderSettings> = {}): ProviderSettings {
  return {
    name: "p",
    kind,
    baseUrl: "https://provider.test/v1",
    credential: new Secret("provider-key"),
    auth: "bearer",
    apiVersion: null,
    deployments: {},
    ...change,
  };
}

describe("the table of providers", () => {
  it.each(providerKinds)("has %s under its own kind", (kind) => {
    expect(providerOf(kind).kind).toBe(kind);
  });
});

describe("openai", () => {
  it("puts its paths below the base URL and the key into a bearer token", () => {
    const given = settings("openai", { baseUrl: "http://127.0.0.1:99/base/v1" });
    const headers = { authorization: "Bearer provider-key" };
    const origin = "http://127.0.0.1:99";
    expect(openai.call(chat, given, "m")).toEqual({
      method: "POST",
      origin,
      path: "/base/v1/chat/completions",
      headers,
      pathNamesModel: false,
    });
    const list = { method: "GET", origin, path: "/base/v1/models", headers, pathNamesModel: false };
    expect(openai.call(listModels, given, "")).toEqual(list);
    const content = { method: "GET", path: "/files/a%2Fb/content", query: "x=%20&y", apiVersion: null };
    expect(openai.call(content, given, "")?.path).toBe("/base/v1/files/a%2Fb/content?x=%20&y");
  });

  it.each([
    ["api-key", { "api-key": "provider-key" }],
    ["none", {}],
  ] as const)("sends its key as %s", (auth, headers) => {
    expect(openai.call(chat, settings("openai", { auth }), "m")?.headers).toEqual(headers);
  });

  it("lacks its key", () => {
    expect(openai.lacks(settings("openai", { credential: null }))).toBe("set OPENAI_API_KEY");
    expect(openai.lacks(settings("openai"))).toBeNull();
  });
});

describe("openai-compatible", () => {
  it("needs a base URL and no key", () => {
    expect(openaiCompatible.lacks(settings("openai-compatible", { baseUrl: "" }))).toBe("set its base URL");
    const keyless = settings("openai-compatible", { credential: null });
    expect(openaiCompatible.lacks(keyless)).toBeNull();
    expect(openaiCompatible.call(chat, keyless, "m")?.headers).toEqual({});
  });
});

describe("mock", () => {
  it("takes its own models by their bare names and no others", () => {
    for (const model of mockModels) expect(mock.takesBareModel(model)).toBe(true);
    expect(mock.takesBareModel("gpt-4o")).toBe(false);
    expect(mock.lacks(settings("mock", { credential: null }))).toBeNull();
  });
});

describe("azure-openai", () => {
  const endpoint = "https://res.openai.azure.com";
  const azure = (change: Partial<ProviderSettings> = {}) =>
    settings("azure-openai", { baseUrl: endpoint, auth: "api-key", ...change });

  it.each([
    [endpoint, null, "/openai/v1/chat/completions"],
    [`${endpoint}/openai`, null, "/openai/v1/chat/completions"],
    [`${endpoint}/openai/v1/`, null, "/openai/v1/chat/completions"],
    [endpoint, "preview", "/openai/v1/chat/completions?api-version=preview"],
    ["https://apim.test/team", null, "/team/openai/v1/chat/completions"],
    [endpoint, "2024-10-21", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"],
    [
      `${endpoint}/openai`,
      "2025-04-01-preview",
      "/openai/deployments/gpt-4o/chat/completions?api-version=2025-04-01-preview",
    ],
  ])("at %s with version %s calls %s", (baseUrl, apiVersion, path) => {
    expect(azureOpenai.call(chat, azure({ baseUrl, apiVersion }), "gpt-4o")).toMatchObject({
      method: "POST",
      path,
      headers: { "api-key": "provider-key" },
    });
  });

  it("puts the deployment's name into path and body, and escapes it", () => {
    const given = azure({ apiVersion: "2024-10-21", deployments: { "gpt-4o": "a/b c" } });
    expect(azureOpenai.call(chat, given, "gpt-4o")?.path).toContain("/deployments/a%2Fb%20c/");
    expect(azureOpenai.bodyModel(given, "gpt-4o")).toBe("a/b c");
    expect(azureOpenai.bodyModel(given, "constructor")).toBe("constructor");
  });

  it.each(["..", ".", "", "\ud800"])("calls nothing for a model named %j, which is no segment of a path", (model) => {
    const refusal = expect.objectContaining({ code: "model_not_found", param: "model" }) as Error;
    expect(() => azureOpenai.call(chat, azure({ apiVersion: "2024-10-21" }), model)).toThrow(refusal);
  });

  it("lists models on the v1 paths only", () => {
    expect(azureOpenai.call(listModels, azure(), "")).toMatchObject({ method: "GET", path: "/openai/v1/models" });
    expect(azureOpenai.call(listModels, azure({ apiVersion: "2024-10-21" }), "")).toBeNull();
  });

  it.each([
    [null, true],
    ["preview", true],
    ["2024-09-01-preview", true],
    ["2024-10-21", true],
    ["2024-08-01-preview", false],
    ["2023-05-15", false],
  ])("with version %s takes the usage option: %s", (apiVersion, takes) => {
    expect(azureOpenai.takesUsageOption(azure({ apiVersion }), chat)).toBe(takes);
  });

  it("lacks its endpoint before its key", () => {
    expect(azureOpenai.lacks(azure({ baseUrl: "", credential: null }))).toBe("set AZURE_OPENAI_ENDPOINT");
    expect(azureOpenai.lacks(azure({ credential: null }))).toBe("set AZURE_OPENAI_API_KEY");
    expect(azureOpenai.lacks(azure())).toBeNull();
  });

  it("keeps the client's query, and puts no deployment into paths that have none", () => {
    const given = azure({ apiVersion: "2024-10-21" });
    const path = (method: string, operation: string, query: string) =>
      azureOpenai.call({ method, path: operation, query, apiVersion: null }, given, "m")?.path;
    expect(path("GET", "/files", "limit=2")).toBe("/openai/files?limit=2&api-version=2024-10-21");
    expect(path("POST", "/audio/speech", "")).toBe("/openai/deployments/m/audio/speech?api-version=2024-10-21");
    expect(path("GET", "/chat/completions", "")).toBe("/openai/chat/completions?api-version=2024-10-21");
    expect(azureOpenai.call(chat, given, "m")?.pathNamesModel).toBe(true);
    expect(azureOpenai.call(chat, azure(), "m")?.pathNamesModel).toBe(false);
  });

  it.each([
    ["2024-10-21", "2025-04-01-preview", "api-version=2025-04-01-preview"],
    ["2024-10-21", "preview", "api-version=2024-10-21"],
    [null, "preview", "api-version=preview"],
    [null, "2024-10-21", null],
    ["v1", null, "api-version=v1"],
  ])("with the version %s asks a client's %s as %s", (apiVersion, asked, expected) => {
    const path = azureOpenai.call({ ...chat, apiVersion: asked }, azure({ apiVersion }), "m")?.path ?? "";
    expect(path.split("?")[1] ?? null).toBe(expected);
  });
});
