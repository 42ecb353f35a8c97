import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashClientKey, readClientKey } from "../../../../src/authenticate/client-key.js";

const key = `sk-loom-demo-${"a1B2".repeat(8)}`;
const read = (headers: Record<string, string>) => readClientKey(new Map(Object.entries(headers)));

describe("the client key of a request", () => {
  it.each([
    [{ authorization: `Bearer ${key}` }],
    [{ authorization: `bearer   ${key} ` }],
    [{ "x-api-key": key }],
    [{ "api-key": key }],
    [{ authorization: "Basic abc", "api-key": key }],
    [{ authorization: `Bearer ${key}`, "x-api-key": "other", "api-key": "other" }],
    [{ "x-api-key": key, "api-key": "other" }],
  ])("is read from %j", (headers) => {
    expect(read(headers as Record<string, string>)).toBe(key);
  });

  it.each([
    [{}],
    [{ authorization: "" }],
    [{ authorization: "Bearer" }],
    [{ authorization: "Bearer  " }],
    [{ "api-key": " " }],
  ])("is missing in %j", (headers) => {
    expect(() => read(headers as Record<string, string>)).toThrow(
      expect.objectContaining({ code: "missing_api_key" }) as Error,
    );
  });

  it.each([
    "sk-1234567890",
    "sk-loom-demo-short",
    `sk-loom--${"a".repeat(32)}`,
    `sk-loom-demo-${"a".repeat(129)}`,
    `sk-loom-demo-${"a".repeat(31)}\n`.repeat(2),
    `${key}, ${key}`,
    `sk-loom-demo-${"ä".repeat(20)}`,
  ])("%j cannot be one", (wrong) => {
    expect(() => read({ "api-key": wrong })).toThrow(expect.objectContaining({ code: "invalid_api_key" }) as Error);
  });

  it("is known by the SHA-256 of all of it", () => {
    expect(hashClientKey(key)).toBe(createHash("sha256").update(key).digest("hex"));
  });
});
