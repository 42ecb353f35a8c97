import { describe, expect, it } from "vitest";
import { splitBaseUrl } from "../../../../src/providers/upstream-url.js";

describe("a base URL", () => {
  it.each([
    ["https://api.openai.com/v1", "https://api.openai.com", "/v1"],
    ["https://api.openai.com/v1//", "https://api.openai.com", "/v1"],
    ["http://[::1]:8080", "http://[::1]:8080", ""],
    ["https://host.test:443/a/b", "https://host.test", "/a/b"],
    ["http://host.test/a b", "http://host.test", "/a%20b"],
  ])("%s is split into %s and %s", (url, origin, basePath) => {
    expect(splitBaseUrl(url)).toEqual({ origin, basePath });
  });

  it.each([
    "api.openai.com/v1",
    "/v1",
    "",
    "ftp://host.test",
    "file:///etc/passwd",
    "https://user@host.test",
    "https://:secret@host.test",
    "https://host.test/?a=1",
    "https://host.test/#a",
  ])("%s is refused", (url) => {
    expect(() => splitBaseUrl(url)).toThrow(TypeError);
  });
});
