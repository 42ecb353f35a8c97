import { describe, expect, it } from "vitest";
import type { ProviderSettings } from "../../../../src/config/config.js";
import { Secret } from "../../../../src/config/secret.js";
import { providerOf } from "../../../../src/providers/provider-table.js";
import { readChatRequest } from "../../../../src/route/read-request.js";
import { upstreamBody } from "../../../../src/route/upstream-body.js";

const openai: ProviderSettings = {
  name: "p",
  kind: "openai",
  baseUrl: "https://provider.test",
  credential: new Secret("key"),
  auth: "bearer",
  apiVersion: null,
  deployments: {},
};
const oldAzure: ProviderSettings = {
  ...openai,
  kind: "azure-openai",
  apiVersion: "2024-06-01",
  deployments: { "gpt-4o": "my-deployment" },
};

function make(json: string, model: string, settings = openai) {
  const body = Buffer.from(json);
  const target = { provider: providerOf(settings.kind), settings, owner: "operator" as const, model };
  const { bytes, addedUsage } = upstreamBody(body, readChatRequest(body, new Map()), target);
  return { body, bytes, text: bytes.toString(), addedUsage };
}

describe("the body that goes upstream", () => {
  it("is the client's very buffer when nothing needs a change", () => {
    const { body, bytes, addedUsage } = make('{ "model":"gpt-4o" }', "gpt-4o");
    expect(bytes).toBe(body);
    expect(addedUsage).toBe(false);
  });

  it("carries the model without its provider", () => {
    expect(make('{"model":"p/gpt-4o","n":1.0}', "gpt-4o").text).toBe('{"model":"gpt-4o","n":1.0}');
  });

  it("carries the deployment's name", () => {
    expect(make('{"model":"p/gpt-4o"}', "gpt-4o", oldAzure).text).toBe('{"model":"my-deployment"}');
  });

  it.each([
    ['{"model":"m","stream":true}', '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'],
    [
      '{"stream_options":null,"model":"m","stream":true}',
      '{"stream_options":{"include_usage":true},"model":"m","stream":true}',
    ],
    [
      '{"model":"m","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":false}}',
      '{"model":"m","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}',
    ],
  ])("of the stream %s asks for usage", (json, expected) => {
    expect(make(json, "m")).toMatchObject({ text: expected, addedUsage: true });
  });

  it.each([
    ["the client did itself", '{"model":"m","stream":true,"stream_options":{"include_usage":true}}', openai],
    ["there is no stream", '{"model":"m"}', openai],
    ["the provider refuses the field", '{"model":"m","stream":true}', oldAzure],
  ])("does not ask for usage when %s", (_, json, settings) => {
    expect(make(json, "m", settings)).toMatchObject({ text: json, addedUsage: false });
  });
});
