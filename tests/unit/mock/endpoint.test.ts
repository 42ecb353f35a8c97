// Which path is what, in both shapes.
import { describe, expect, it } from "vitest";
import { findBehaviour } from "../../../mock/behaviours.js";
import { findEndpoint } from "../../../mock/endpoint.js";

describe("findEndpoint", () => {
  it.each([
    ["POST", "/v1/chat/completions", { kind: "chat", shape: "openai", deployment: null, apiVersion: null }],
    ["POST", "/openai/v1/chat/completions?api-version=preview", { kind: "chat", shape: "azure", apiVersion: null }],
    [
      "POST",
      "/openai/deployments/mock%2Fecho/chat/completions?api-version=2024-10-21",
      { kind: "chat", shape: "azure", deployment: "mock/echo", apiVersion: "2024-10-21" },
    ],
    ["POST", "/openai/deployments/echo/chat/completions", { kind: "unknown", shape: "azure" }],
    ["GET", "/v1/models", { kind: "models", shape: "openai" }],
    ["GET", "/openai/v1/models", { kind: "models", shape: "azure" }],
    ["GET", "/v1/models/ft%3Agpt%2Fx", { kind: "model", id: "ft:gpt/x" }],
    ["GET", "/v1/models/%zz", { kind: "model", id: "%zz" }],
    ["GET", "/v1/chat/completions", { kind: "wrong-method" }],
    ["POST", "/v1/embeddings", { kind: "other", shape: "openai", operation: "/embeddings", deployment: null }],
    [
      "POST",
      "/openai/deployments/a%2Fb/audio/speech?api-version=2024-10-21",
      { kind: "other", shape: "azure", operation: "/audio/speech", deployment: "a/b" },
    ],
    ["GET", "/openai/files?api-version=2024-10-21", { kind: "other", operation: "/files" }],
    ["GET", "/openai/files", { kind: "unknown", shape: "azure" }],
    ["GET", "/elsewhere", { kind: "unknown", shape: "openai" }],
    ["POST", "/openai/chat/completions", { kind: "unknown", shape: "azure" }],
  ])("%s %s", (method, target, expected) => {
    expect(findEndpoint(method, target, "both")).toMatchObject(expected);
  });

  it("serves only the shape it was started for", () => {
    expect(findEndpoint("GET", "/v1/models", "azure").kind).toBe("unknown");
    expect(findEndpoint("GET", "/openai/v1/models", "openai").kind).toBe("unknown");
  });
});

describe("findBehaviour", () => {
  it("takes names with and without mock/, and any error status", () => {
    expect(findBehaviour("mock/echo")).toEqual({ kind: "named", name: "echo" });
    expect(findBehaviour("echo")).toEqual({ kind: "named", name: "echo" });
    expect(findBehaviour("mock/error-529")).toEqual({ kind: "error", status: 529 });
    expect(findBehaviour("error-event")).toEqual({ kind: "named", name: "error-event" });
    expect(findBehaviour("gpt-4o")).toEqual({ kind: "named", name: "canned" });
    expect(findBehaviour("constructor")).toEqual({ kind: "named", name: "canned" });
  });
});
