import { describe, expect, it } from "vitest";
import { LoomError } from "../../../../src/errors/loom-error.js";
import { limits } from "../../../../src/limits.js";
import { findEndpoint } from "../../../../src/route/endpoints.js";
import { readRequest } from "../../../../src/route/read-request.js";

const chatPath = "/chat/completions";
type Given = { method?: string; operation?: string; deployment?: string | null; query?: string; isWhole?: boolean };

function readAt(given: Given, body: Buffer | string, headers: Record<string, string> = {}) {
  const { method = "POST", operation = chatPath, deployment = null, query = "", isWhole = true } = given;
  const parts = { query, headers: new Map(Object.entries(headers)), body: Buffer.from(body), isWhole };
  return readRequest(findEndpoint(method, operation), { operation, deployment }, parts);
}

const read = (body: unknown, headers: Record<string, string> = {}) =>
  readAt({}, typeof body === "string" ? body : JSON.stringify(body), headers);

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
      endpoint: findEndpoint("POST", chatPath),
      model: " openai/GPT-4o ",
      bodyModel: { in: "json", name: " openai/GPT-4o " },
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

const form = (...fields: readonly [name: string, value: string][]) =>
  `${fields
    .map(([name, value]) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join("")}--b--\r\n`;
const formType = { "content-type": "multipart/form-data; boundary=b" };

describe("reading the model of any request", () => {
  it("takes the deployment of a classic Azure path before the body's", () => {
    const request = readAt({ deployment: "mine" }, '{"model":"other"}');
    expect(request).toMatchObject({ model: "mine", bodyModel: { in: "json", name: "other" } });
    expect(readAt({ deployment: "mine" }, "{}")).toMatchObject({ model: "mine", bodyModel: { name: null } });
  });

  it("takes it from a form wherever it stands, with the flag of a stream and the user", () => {
    const body = form(["file", "x"], ["stream", "true"], ["user", "u"], ["model", "whisper-1"]);
    const request = readAt({ operation: "/audio/transcriptions" }, body, formType);
    expect(request).toMatchObject({ model: "whisper-1", stream: true, endUser: "u" });
    expect(request.bodyModel.in).toBe("form");
  });

  it("refuses a form that names two", () => {
    const body = form(["model", "a"], ["model", "b"]);
    const wrong = () => readAt({ operation: "/images/edits" }, body, formType);
    expect(wrong).toThrow(expect.objectContaining({ code: "invalid_request", param: "model" }) as Error);
    expect(readAt({ operation: "/images/edits" }, form(["model", "a"], ["model", "a"]), formType).model).toBe("a");
  });

  it("takes it from the path and from the query, decoded", () => {
    expect(readAt({ method: "GET", operation: "/models/mock%2Fecho" }, "").model).toBe("mock/echo");
    expect(readAt({ method: "DELETE", operation: "/models/ft:gpt-4o/x" }, "").model).toBe("ft:gpt-4o/x");
    expect(readAt({ operation: "/realtime/calls", query: "a=1&model=gpt%2Drealtime" }, "v=0").model).toBe(
      "gpt-realtime",
    );
  });

  it.each([
    ["GET", "/files", ""],
    ["POST", "/files", form(["purpose", "batch"])],
    ["POST", "/responses/r-1/cancel", ""],
    ["POST", "/moderations", '{"input":"x"}'],
    ["POST", "/vector_stores", '{"name":"x"}'],
    ["DELETE", "/something/new", ""],
  ])("needs none for %s %s", (method, operation, body) => {
    expect(readAt({ method, operation }, body, body.startsWith("--") ? formType : {}).model).toBeNull();
  });

  it("parses no body that it has no reason to", () => {
    expect(readAt({ operation: "/batches/b/cancel" }, "{").model).toBeNull();
    expect(readAt({ operation: "/uploads" }, "{").model).toBeNull();
    expect(readAt({ operation: "/new" }, "{", { "content-type": "text/plain" }).model).toBeNull();
  });

  it("takes no model from the beginning of a larger body, but of a form", () => {
    const part = { isWhole: false };
    expect(readAt({ ...part, operation: "/videos" }, '{"model":"a"}').model).toBeNull();
    expect(() => readAt(part, '{"model":"a"}')).toThrow(expect.objectContaining({ code: "body_too_large" }) as Error);
    const cut = form(["model", "a"], ["file", "xxxxx"]).slice(0, -12);
    expect(readAt({ ...part, operation: "/audio/translations" }, cut, formType).model).toBe("a");
  });
});
