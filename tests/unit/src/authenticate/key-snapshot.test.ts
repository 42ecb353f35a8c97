import { describe, expect, it } from "vitest";
import { type KnownKey, readSnapshot, writeSnapshot } from "../../../../src/authenticate/key-snapshot.js";
import { Secret } from "../../../../src/config/secret.js";

const settings = {
  name: "own",
  kind: "openai-compatible",
  baseUrl: "https://llm.example/v1",
  credential: new Secret("provider-key"),
  auth: "bearer",
  apiVersion: null,
  deployments: { a: "b" },
} as const;
const tenant = {
  id: "t-1",
  name: "acme",
  keySalt: "c2FsdA==",
  defaultProvider: "own",
  failurePolicy: "refuse" as const,
  providers: new Map([["own", settings]]),
  routes: new Map([["fast", ["own/small"]]]),
};
const known: KnownKey = {
  keyHash: "ab".repeat(32),
  checkedAtUnixMs: 1_700_000_000_000,
  loaded: {
    usable: true,
    expiresAtMs: null,
    caller: { tenant, apiKeyId: "k-1", scopes: ["bodies:read"], onDisconnect: "drain" },
  },
};

describe("a snapshot of known keys", () => {
  it("gives back what was written, credentials included", () => {
    const [back] = readSnapshot(writeSnapshot([known]));
    expect(back).toMatchObject({ keyHash: known.keyHash, checkedAtUnixMs: known.checkedAtUnixMs });
    expect(back?.loaded.caller.tenant.providers.get("own")?.credential?.reveal()).toBe("provider-key");
    expect(back?.loaded.caller.tenant.routes).toEqual(tenant.routes);
    expect(back?.loaded.caller.scopes).toEqual(["bodies:read"]);
  });

  it("writes a tenant once however many keys it has", () => {
    const text = writeSnapshot([known, { ...known, keyHash: "cd".repeat(32) }]);
    expect(text.match(/acme/g)).toHaveLength(1);
    expect(readSnapshot(text)).toHaveLength(2);
  });

  it("refuses what is no snapshot", () => {
    expect(() => readSnapshot("{}")).toThrow();
    expect(() => readSnapshot("not json")).toThrow();
  });
});
