import { describe, expect, it } from "vitest";
import { dropParameters, readPath } from "../../../../src/route/read-path.js";

describe("reading a path", () => {
  it.each([
    ["/v1/chat/completions", "/chat/completions", null],
    ["/v1/files/a%2Fb/content", "/files/a%2Fb/content", null],
    ["/openai/v1/responses/r-1", "/responses/r-1", null],
    ["/openai/files", "/files", null],
    ["/openai/deployments/gpt-4o/chat/completions", "/chat/completions", "gpt-4o"],
    ["/openai/deployments/mock%2Fecho/audio/speech", "/audio/speech", "mock/echo"],
    ["/v1/deployments/x/y", "/deployments/x/y", null],
  ])("%s asks for %s of the deployment %s", (path, operation, deployment) => {
    expect(readPath(path)).toEqual({ operation, deployment });
  });

  it.each(["/", "/v1", "/v1/", "/openai/v1/", "/openai/", "/v2/chat/completions", "/chat/completions", "/openai"])(
    "%s is no part of the API",
    (path) => {
      expect(readPath(path)).toBeNull();
    },
  );

  it.each([
    "/v1/files/%2e%2e/secrets",
    "/v1/%2E./x",
    "/v1/files/a%2f..%2fb",
    "/v1/files/..%5cx",
    "/v1/files/%0d%0a",
    "/v1/files/%ff",
    "/v1/files/%7f",
    "/openai/deployments/a/%2e%2e/x",
    "/openai/deployments/%ff/chat/completions",
  ])("%s is refused", (path) => {
    expect(() => readPath(path)).toThrow(expect.objectContaining({ code: "bad_request" }) as Error);
  });
});

describe("dropping parameters", () => {
  it("leaves every other byte of the query", () => {
    const names = new Set(["api-version"]);
    expect(dropParameters("a=%20b&api-version=2024-10-21&&c", names)).toBe("a=%20b&&c");
    expect(dropParameters("api-version=x", names)).toBe("");
    expect(dropParameters("api-versions=x&b=api-version", names)).toBe("api-versions=x&b=api-version");
    expect(dropParameters("", names)).toBe("");
  });
});
