import { expect, it } from "vitest";
import { operationOf } from "../../../../workers/observe/operations.js";
import { providerLabel } from "../../../../workers/observe/provider-label.js";

it("names providers and operations in the words of the GenAI conventions", () => {
  const label = (kind: string | null, name: string) => providerLabel(kind, name);
  expect([
    label("openai", "openai"),
    label("azure-openai", "eu"),
    label("openai-compatible", "Groq"),
    label("openai-compatible", "mistral"),
    label("openai-compatible", "my-own"),
    label("mock", "mock"),
    label(null, ""),
  ]).toEqual(["openai", "azure.ai.openai", "groq", "mistral_ai", "openai_compatible", "loom.mock", "unknown"]);
  expect(["/v1/chat/completions", "/v1/embeddings", "/x"].map(operationOf)).toEqual(["chat", "embeddings", "other"]);
});
