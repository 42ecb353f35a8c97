import { describe, expect, it } from "vitest";
import type { ProviderSettings } from "../../../../src/config/config.js";
import { Secret } from "../../../../src/config/secret.js";
import { providerOf } from "../../../../src/providers/provider-table.js";
import { findEndpoint } from "../../../../src/route/endpoints.js";
import { readRequest } from "../../../../src/route/read-request.js";
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

type Given = {
  operation?: string;
  deployment?: string | null;
  pathNamesModel?: boolean;
  type?: string;
  apiVersion?: string;
};

function make(json: string, model: string, settings = openai, given: Given = {}) {
  const { operation = "/chat/completions", deployment = null, pathNamesModel = false, type } = given;
  const apiVersion = given.apiVersion ?? null;
  const body = Buffer.from(json);
  const headers = new Map(type === undefined ? [] : [["content-type", type] as const]);
  const parts = { query: "", headers, body, isWhole: true };
  const request = readRequest(findEndpoint("POST", operation), { operation, deployment }, parts);
  const target = { provider: providerOf(settings.kind), settings, owner: "operator" as const, model };
  const { bytes, addedUsage } = upstreamBody(body, request, target, {
    operation: { method: "POST", path: operation, query: "", apiVersion },
    call: { pathNamesModel },
  });
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

describe("the body of an Azure client", () => {
  it("stays as it is where the path says the deployment again", () => {
    for (const json of ["{}", '{"model":"other","n":1}']) {
      const given = { deployment: "gpt-4o", pathNamesModel: true };
      expect(make(json, "gpt-4o", oldAzure, given).text).toBe(json);
    }
  });

  it("is asked for usage where the client's own version has it", () => {
    const stream = '{"model":"gpt-4o","stream":true}';
    const newer = { deployment: "gpt-4o", pathNamesModel: true, apiVersion: "2024-10-21" };
    expect(make(stream, "gpt-4o", oldAzure, newer).addedUsage).toBe(true);
    const newAzure = { ...oldAzure, apiVersion: "2024-10-21" };
    expect(make(stream, "gpt-4o", newAzure, { ...newer, apiVersion: "2024-06-01" }).addedUsage).toBe(false);
  });

  it("names the model for a provider whose paths do not", () => {
    expect(make("{}", "gpt-4o", openai, { deployment: "p/gpt-4o" }).text).toBe('{"model":"gpt-4o"}');
    const other = make('{"n":1,"model":"other"}', "gpt-4o", openai, { deployment: "p/gpt-4o" });
    expect(other.text).toBe('{"n":1,"model":"gpt-4o"}');
  });
});

describe("the form that goes upstream", () => {
  const part = (name: string, value: string) =>
    `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const type = "multipart/form-data; boundary=b";
  const given = { operation: "/audio/transcriptions", type };

  it("is the client's very buffer when nothing needs a change", () => {
    const { body, bytes } = make(`${part("model", "whisper-1")}--b--`, "whisper-1", openai, given);
    expect(bytes).toBe(body);
  });

  it("has the model's own name in place of the client's, and every other byte", () => {
    const before = `${part("file", "\u0000\r\n--c")}${part("model", "p/whisper-1")}${part("x", "p/whisper-1")}--b--\r\n`;
    expect(make(before, "whisper-1", openai, given).text).toBe(
      `${part("file", "\u0000\r\n--c")}${part("model", "whisper-1")}${part("x", "p/whisper-1")}--b--\r\n`,
    );
  });

  it("gets a model where only the path named one", () => {
    const before = `${part("file", "x")}--b--`;
    const { text } = make(before, "whisper-1", openai, { ...given, deployment: "p/whisper-1" });
    expect(text).toBe(`--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n${before}`);
    expect(make(before, "whisper-1", oldAzure, { ...given, deployment: "w", pathNamesModel: true }).text).toBe(before);
  });
});
