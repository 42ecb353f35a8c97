import { describe, expect, it } from "vitest";
import { findEndpoint } from "../../../../src/route/endpoints.js";

describe("the table of endpoints", () => {
  it.each([
    ["POST", "/chat/completions", "/v1/chat/completions", "body", "openai-chat", "done"],
    ["GET", "/chat/completions", "/v1/chat/completions", "none", "none", "http"],
    ["GET", "/chat/completions/c-1", "/v1/chat/completions/{id}", "none", "none", "http"],
    ["POST", "/completions", "/v1/completions", "body", "openai-chat", "done"],
    ["POST", "/embeddings", "/v1/embeddings", "body", "openai-embeddings", "http"],
    ["POST", "/responses", "/v1/responses", "body", "openai-responses", "responses"],
    ["GET", "/responses/r-1", "/v1/responses/{id}", "none", "openai-response-read", "responses"],
    ["DELETE", "/responses/r-1", "/v1/responses/{id}", "none", "none", "http"],
    ["POST", "/responses/r-1/cancel", "/v1/responses/{id}/cancel", "none", "none", "http"],
    ["POST", "/audio/transcriptions", "/v1/audio/transcriptions", "body", "openai-audio", "audio"],
    ["POST", "/images/edits", "/v1/images/edits", "body", "openai-images", "http"],
    ["PUT", "/files/a%2Fb/content", "/v1/files/{id}/content", "none", "none", "http"],
    ["GET", "/models/mock/echo", "/v1/models/{model}", "path", "none", "http"],
    ["GET", "/models/ft:gpt-4o%2Fx", "/v1/models/{model}", "path", "none", "http"],
    ["POST", "/vector_stores", "/v1/*", "body", "none", "http"],
    ["PATCH", "/vector_stores/1/files/2", "/v1/*", "none", "none", "http"],
    ["GET", "/files/", "/v1/*", "none", "none", "http"],
    ["GET", "/responses/a/b/c", "/v1/*", "none", "none", "http"],
  ])("names %s %s as %s, with its model in %s, usage %s and end %s", (method, path, template, model, usage, end) => {
    expect(findEndpoint(method, path)).toMatchObject({ template, model, usage, streamEnd: end });
  });

  it("asks for usage on the two chat formats only", () => {
    const asks = ["/chat/completions", "/completions", "/embeddings", "/responses", "/images/generations"];
    expect(asks.filter((path) => findEndpoint("POST", path).takesUsageOption)).toEqual(asks.slice(0, 2));
  });
});
