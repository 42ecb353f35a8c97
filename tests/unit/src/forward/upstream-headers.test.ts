import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkUpstreamPath, upstreamHeaders } from "../../../../src/forward/upstream-headers.js";

const make = (client: Record<string, string>, provider: Record<string, string> = {}, ownAccount = false) =>
  upstreamHeaders({ client: new Map(Object.entries(client)), provider, ownAccount, hasBody: true });
const always = { "content-type": "application/json", "accept-encoding": "identity" };
const refused = expect.objectContaining({ code: "internal_error" }) as Error;

describe("the headers that go upstream", () => {
  it("name no type where there is no body", () => {
    const input = { client: new Map([["range", "bytes=0-9"]]), provider: {}, ownAccount: false, hasBody: false };
    expect(upstreamHeaders(input)).toEqual({ "accept-encoding": "identity", range: "bytes=0-9" });
  });

  it.each([
    "x-litellm-session-id",
    "x-litellm-tags",
    "helicone-auth",
    "helicone-user-id",
    "helicone-property-app",
    "x-portkey-api-key",
    "x-portkey-metadata",
    "cf-aig-metadata",
    "cf-aig-authorization",
    "x-loom-provider",
    "x-goog-api-key",
    "x-stainless-lang",
  ])("never hold %s", (name) => {
    expect(make({ [name]: "x" })).toEqual(always);
  });

  it("are the provider's, and of the client's those on the list", () => {
    const client = {
      accept: "*/*",
      "user-agent": "OpenAI/JS",
      "openai-beta": "x",
      "idempotency-key": "i",
      "x-client-request-id": "r",
    };
    expect(make(client, { authorization: "Bearer p" })).toEqual({ ...always, ...client, authorization: "Bearer p" });
  });

  it.each([
    "authorization",
    "x-api-key",
    "api-key",
    "cookie",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-authorization",
    "expect",
    "forwarded",
    "x-forwarded-for",
    "x-loom-user-id",
    "openai-organization",
    "openai-project",
    "__proto__",
  ])("never include the client's %s", (name) => {
    expect(make({ [name]: "client" })).toEqual(always);
  });

  it("name an organization only where the account is the tenant's own", () => {
    const client = { "openai-organization": "o", "openai-project": "p" };
    expect(make(client, {}, true)).toEqual({ ...always, ...client });
  });

  it("let the provider's win over the client's, and never ask for compression", () => {
    const client = { "user-agent": "client", "accept-encoding": "gzip" };
    expect(make(client, { "user-agent": "provider" })).toEqual({ ...always, "user-agent": "provider" });
  });

  it("hold only what undici takes, whatever a client sends", () => {
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom("accept", "user-agent", "content-type", "expect", "openai-beta"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: "binary" }))), (lines) => {
        const headers = upstreamHeaders({ client: new Map(lines), provider: {}, ownAccount: true, hasBody: true });
        for (const [key, value] of Object.entries(headers)) {
          expect(key).toMatch(/^[a-z-]+$/);
          expect(value).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
        }
      }),
    );
  });

  it.each([
    ["a\r\nb", "name of a header"],
    ["", "empty name"],
  ])("are refused for the provider's own name %j (%s)", (name) => {
    expect(() => make({}, { [name]: "x" })).toThrow(refused);
  });

  it.each(["a\r\nx: y", "\u0000", "\u007f", "ключ"])(
    "are refused for the provider's own value %j, without telling it",
    (value) => {
      expect(() => make({}, { authorization: value })).toThrow(refused);
      expect(() => make({}, { authorization: value })).not.toThrow(value);
    },
  );
});

describe("the path that goes upstream", () => {
  it.each(["/", "/v1/chat/completions?api-version=2024-10-21", "/a%20b"])("may be %s", (path) => {
    expect(() => checkUpstreamPath(path)).not.toThrow();
  });

  it.each(["", "v1", "/a b", "/a\r\nb", "/\u00ff", "/\u007f"])("may not be %j", (path) => {
    expect(() => checkUpstreamPath(path)).toThrow(refused);
  });
});
