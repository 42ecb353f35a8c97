import { describe, expect, it } from "vitest";
import type { ProviderSettings } from "../../../../src/config/config.js";
import { Secret } from "../../../../src/config/secret.js";
import type { Tenant } from "../../../../src/config/tenant.js";
import { type RouteTable, route, usableProviders } from "../../../../src/route/route.js";

function settings(name: string, change: Partial<ProviderSettings> = {}): ProviderSettings {
  return {
    name,
    kind: "openai",
    baseUrl: "https://provider.test/v1",
    credential: new Secret("key"),
    auth: "bearer",
    apiVersion: null,
    deployments: {},
    ...change,
  };
}

const byName = (...all: ProviderSettings[]) => new Map(all.map((one) => [one.name, one]));

function tenant(change: Partial<Tenant> = {}): Tenant {
  return {
    id: "tenant-1",
    name: "t",
    keySalt: null,
    defaultProvider: null,
    failurePolicy: "refuse",
    providers: new Map(),
    routes: new Map(),
    ...change,
  };
}

const table: RouteTable = {
  providers: byName(
    settings("openai"),
    settings("mock", { kind: "mock", credential: null }),
    settings("local", { kind: "openai-compatible", credential: null }),
    settings("keyless", { credential: null }),
  ),
  routes: new Map([["fast", ["local/small", "openai/gpt-4o-mini"]]]),
  defaultProvider: "openai",
};
const show = (model: string, who = tenant(), where = table) =>
  route(model, who, where).map((target) => `${target.owner} ${target.settings.name} ${target.model}`);

describe("the route of a model", () => {
  it.each([
    ["openai/gpt-4o", ["operator openai gpt-4o"]],
    ["gpt-4o", ["operator openai gpt-4o"]],
    ["local/org/model:tag", ["operator local org/model:tag"]],
    ["meta-llama/Llama-3", ["operator openai meta-llama/Llama-3"]],
    ["/odd", ["operator openai /odd"]],
    ["fast", ["operator local small", "operator openai gpt-4o-mini"]],
    ["mock/anything", ["operator mock anything"]],
  ])("%s goes to %j", (model, targets) => {
    expect(show(model)).toEqual(targets);
  });

  it("prefers the tenant's own provider, alias and default", () => {
    const own = tenant({
      providers: byName(settings("openai", { baseUrl: "https://own.test" })),
      routes: new Map([["fast", ["openai/own-fast"]]]),
      defaultProvider: "local",
    });
    expect(show("openai/gpt-4o", own)).toEqual(["tenant:tenant-1 openai gpt-4o"]);
    expect(show("fast", own)).toEqual(["tenant:tenant-1 openai own-fast"]);
    expect(show("gpt-4o", own)).toEqual(["operator local gpt-4o"]);
  });

  it("passes over a target of an alias that is not configured while another one is left", () => {
    const routes = new Map([["fast", ["azure-openai/missing", "openai/small"]]]);
    expect(route("fast", tenant(), { ...table, routes }).map((target) => target.model)).toEqual(["small"]);
  });

  it("takes an alias before a provider of the same spelling, and does not follow an alias twice", () => {
    const own = tenant({
      routes: new Map([
        ["openai/gpt-4o", ["local/x"]],
        ["loop", ["loop"]],
      ]),
    });
    expect(show("openai/gpt-4o", own)).toEqual(["operator local x"]);
    expect(show("loop", own)).toEqual(["operator openai loop"]);
  });

  it.each([
    ["azure-openai/gpt-4o", "provider_not_configured"],
    ["azure/gpt-4o", "provider_not_configured"],
    ["keyless/gpt-4o", "provider_not_configured"],
  ])("%s is refused as %s with a way out", (model, code) => {
    expect(() => route(model, tenant(), table)).toThrow(expect.objectContaining({ code, param: "model" }) as Error);
  });

  it.each([
    ["a mock default for a real model's name", { ...table, defaultProvider: "mock" }, "gpt-4o"],
    ["a default provider that is not there", { ...table, defaultProvider: "gone" }, "gpt-4o"],
    ["an alias without targets", { ...table, routes: new Map([["gpt-4o", []]]) }, "gpt-4o"],
  ])("is model_not_found with %s", (_, where, model) => {
    expect(() => route(model, tenant(), where)).toThrow(expect.objectContaining({ code: "model_not_found" }) as Error);
  });

  it("knows the mock's own models by their bare names", () => {
    expect(show("echo", tenant(), { ...table, defaultProvider: "mock" })).toEqual(["operator mock echo"]);
  });
});

describe("the providers that a tenant can use", () => {
  it("are its own before the operator's, without those that lack something", () => {
    const own = tenant({ providers: byName(settings("openai"), settings("mine")) });
    const shown = usableProviders(own, table).map((target) => `${target.owner} ${target.settings.name}`);
    expect(shown).toEqual(["tenant:tenant-1 openai", "tenant:tenant-1 mine", "operator mock", "operator local"]);
  });

  it("hide the operator's of the same name even when the tenant's own lacks its key", () => {
    const own = tenant({ providers: byName(settings("openai", { credential: null })) });
    expect(usableProviders(own, table).map((target) => target.settings.name)).toEqual(["mock", "local"]);
  });
});
