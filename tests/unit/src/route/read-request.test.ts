import { describe, expect, it } from "vitest";
import { LoomError } from "../../../../src/errors/loom-error.js";
import { limits } from "../../../../src/limits.js";
import { readChatRequest } from "../../../../src/route/read-request.js";

const read = (body: unknown, headers: Record<string, string> = {}) =>
  readChatRequest(
    Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    new Map(Object.entries(headers)),
  );

function refusal(body: unknown): LoomError {
  try {
    read(body);
  } catch (error) {
    if (error instanceof LoomError) return error;
  }
  throw new Error("it was not refused");
}

describe("reading a chat request", () => {
  it("takes the model as written, and no stream by default", () => {
    expect(read({ model: " openai/GPT-4o ", messages: [] })).toEqual({
      model: " openai/GPT-4o ",
      stream: false,
      streamOptions: null,
      asksForUsage: false,
      endUser: null,
      sessionId: null,
      tags: [],
    });
  });

  it.each([
    ["", "invalid_json", null],
    ["{", "invalid_json", null],
    ['\ufeff{"model":"a"}', "invalid_json", null],
    ["[]", "invalid_request", null],
    ["null", "invalid_request", null],
    ['"model"', "invalid_request", null],
    ["{}", "invalid_request", "model"],
    ['{"model":""}', "invalid_request", "model"],
    ['{"model":7}', "invalid_request", "model"],
    ['{"model":"a","stream":"true"}', "invalid_request", "stream"],
    ['{"model":"a","stream_options":[]}', "invalid_request", "stream_options"],
    ['{"model":"a","stream_options":"x"}', "invalid_request", "stream_options"],
    ['{"__proto__":{"model":"a"}}', "invalid_request", "model"],
  ])("refuses %s as %s with param %s", (body, code, param) => {
    expect(refusal(body)).toMatchObject({ code, param });
  });

  it.each([
    [{ stream: true }, true, false],
    [{ stream: null, stream_options: null }, false, false],
    [{ stream: true, stream_options: { include_usage: true } }, true, true],
    [{ stream: true, stream_options: { include_usage: false } }, true, false],
    [{ stream: true, stream_options: { include_usage: 1 } }, true, false],
  ])("of %j reads stream %s and asks for usage %s", (fields, stream, asksForUsage) => {
    expect(read({ model: "a", ...fields })).toMatchObject({ stream, asksForUsage });
  });

  it("takes the last of a repeated key, as JSON.parse does", () => {
    expect(read('{"model":"a","model":"b"}').model).toBe("b");
  });

  it("knows the user by header before body, and the safety identifier before the user", () => {
    const body = { model: "a", user: "u", safety_identifier: "s", metadata: { user_id: "m", session_id: "ms" } };
    expect(read(body, { "x-user-id": "h" }).endUser).toBe("h");
    expect(read(body).endUser).toBe("s");
    expect(read({ ...body, safety_identifier: "" }).endUser).toBe("u");
    expect(read({ ...body, safety_identifier: 1, user: null }).endUser).toBe("m");
    expect(read(body).sessionId).toBe("ms");
    expect(read(body, { "x-litellm-session-id": "2", "x-loom-session-id": "1" }).sessionId).toBe("1");
  });

  it("reads tags without spaces, blanks or repeats, up to their bound", () => {
    expect(read({ model: "a" }, { "x-loom-tags": " a, b,,a ,c" }).tags).toEqual(["a", "b", "c"]);
    const many = Array.from({ length: 100 }, (_, index) => `t${index}`).join(",");
    expect(read({ model: "a" }, { "x-litellm-tags": many }).tags).toHaveLength(limits.tagsMax);
  });
});
