import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { keepAnswerHeaders, keepRequestHeaders } from "../../../../src/trace/kept-headers.js";

const credentials = [
  "authorization",
  "proxy-authorization",
  "api-key",
  "x-api-key",
  "x-goog-api-key",
  "ocp-apim-subscription-key",
  "cookie",
  "set-cookie",
  "x-stainless-api-key",
  "x-ratelimit-token",
  "x-amz-security-token",
];
const names = (text: string): string[] => text.split("\n").map((line) => line.slice(0, line.indexOf(":")));

describe("the headers that are recorded", () => {
  it("are those of the request that may cross to a provider, the client's own facts and the trace", () => {
    const headers = new Map([
      ["host", "loom"],
      ["x-stainless-os", "Linux"],
      ["accept", "*/*"],
      ["user-agent", "kept by itself"],
      ["x-custom", "s3cr3t"],
      ["traceparent", "00-aa-bb-01"],
    ]);
    expect(keepRequestHeaders(headers)).toBe("accept: */*\ntraceparent: 00-aa-bb-01\nx-stainless-os: Linux\n");
  });

  it("are those of the answer that tell its maker, its times and its limits", () => {
    const headers = {
      "set-cookie": ["a=1"],
      "x-ratelimit-remaining-tokens": "7",
      server: ["one", "two"],
      "openai-organization": "o",
    };
    expect(keepAnswerHeaders(headers)).toBe("server: one, two\nx-ratelimit-remaining-tokens: 7\n");
  });

  it("never hold a credential, whatever it is called", () => {
    const name = fc.oneof(
      fc.constantFrom(...credentials),
      fc.stringMatching(/^x?-?[a-z-]*(key|token|auth|secret)[a-z-]*$/),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.constant("s3cr3t")), (headers) => {
        const { "idempotency-key": _known, ...rest } = headers;
        expect(keepRequestHeaders(new Map(Object.entries(rest)))).toBe("");
        expect(names(keepAnswerHeaders(rest)).filter((one) => !/^(x|anthropic)-ratelimit-|^$/.test(one))).toEqual([]);
      }),
    );
    for (const one of credentials) expect(keepRequestHeaders(new Map([[one, "s3cr3t"]]))).toBe("");
    for (const one of credentials) expect(keepAnswerHeaders({ [one]: "s3cr3t" })).toBe("");
  });

  it("are cut each, and bounded together, at whole lines", () => {
    const long = "v".repeat(5000);
    const answer = { server: long, "cf-ray": long, "x-request-id": long };
    for (const line of keepAnswerHeaders(answer).trimEnd().split("\n"))
      expect(line).toHaveLength(line.indexOf(": ") + 2 + limits.headerValueMax);
    const many = ["accept", "content-type", "range", "if-range", "openai-beta", "traceparent", "x-client-request-id"];
    const all = keepRequestHeaders(new Map([...many, "if-none-match", "x-stainless-os"].map((name) => [name, long])));
    expect(all.length).toBeLessThanOrEqual(limits.keptHeadersMax);
    expect(all.length).toBeGreaterThan(limits.keptHeadersMax - limits.headerValueMax - 40);
    expect(all.endsWith("v\n")).toBe(true);
  });
});
