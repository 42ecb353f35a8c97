import { describe, expect, it } from "vitest";
import { codes, type LoomErrorCode } from "../../../../src/errors/codes.js";
import { errorBody, errorEvent } from "../../../../src/errors/error-reply.js";
import { LoomError } from "../../../../src/errors/loom-error.js";
import { providerErrorCode } from "../../../../src/errors/provider-error.js";

const entries = Object.entries(codes) as [LoomErrorCode, (typeof codes)[LoomErrorCode]][];

describe("the table of codes", () => {
  it.each(entries)("has a sound entry for %s", (code, { status, type, source, retryable, message }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    // OpenAI clients know these types; the status decides which they expect.
    const expected = status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error";
    expect(type).toBe(expected);
    expect(message).toMatch(/^[A-Z].*\.$/s);
    if (source === "internal") expect(status).toBeGreaterThanOrEqual(500);
    if (source === "downstream" && status !== 501) expect(status).toBeLessThan(500);
    // What official clients send again by themselves (408, 409, 429, 5xx) is what may succeed when sent again.
    // 501 is what no later try changes.
    expect(retryable).toBe([408, 409, 429].includes(status) || (status >= 500 && status !== 501));
  });
});

describe("an error", () => {
  it("carries what its code means", () => {
    const cause = new Error("secret detail");
    const error = new LoomError("upstream_cut", { cause });
    expect(error).toMatchObject({
      code: "upstream_cut",
      status: 502,
      source: "upstream",
      retryable: true,
      param: null,
    });
    expect(error.message).toBe(codes.upstream_cut.message);
    expect(error.cause).toBe(cause);
    expect(error).toBeInstanceOf(Error);
    expect("cause" in new LoomError("not_found")).toBe(false);
  });

  it("is told to a client in OpenAI's shape, without its cause", () => {
    const error = new LoomError("invalid_request", {
      message: 'Not "this".',
      param: "model",
      cause: new Error("secret"),
    });
    expect(JSON.parse(errorBody(error))).toEqual({
      error: { message: 'Not "this".', type: "invalid_request_error", param: "model", code: "invalid_request" },
    });
  });

  it("is told in a stream as one event, whatever its message holds", () => {
    const event = errorEvent(new LoomError("upstream_cut", { message: "a\n\ndata: [DONE]\r\n\r\n" }));
    expect(event.endsWith("\n\n")).toBe(true);
    expect(event.slice(0, -2)).not.toMatch(/[\r\n]/);
    expect(JSON.parse(event.slice("data: ".length))).toHaveProperty("error.code", "upstream_cut");
  });
});

describe("the code of a provider's answer", () => {
  it.each([
    [200, null],
    [302, null],
    [399, null],
    [400, "provider_refused"],
    [404, "provider_refused"],
    [429, "provider_rate_limited"],
    [499, "provider_refused"],
    [500, "provider_failed"],
    [529, "provider_failed"],
  ])("with status %i is %s", (status, code) => {
    expect(providerErrorCode(status)).toBe(code);
  });
});
