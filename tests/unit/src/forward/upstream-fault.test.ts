import { describe, expect, it } from "vitest";
import { LoomError } from "../../../../src/errors/loom-error.js";
import { isRefusal, isStale, neverSent, upstreamFault } from "../../../../src/forward/upstream-fault.js";

const withCode = (code: string) => Object.assign(new Error(code), { code });

describe("a fault upstream", () => {
  it.each([
    ["ECONNREFUSED", "upstream_unreachable", true],
    ["ENOTFOUND", "upstream_unreachable", true],
    ["EAI_AGAIN", "upstream_unreachable", true],
    ["CERT_HAS_EXPIRED", "upstream_unreachable", true],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "upstream_unreachable", true],
    ["UND_ERR_CONNECT_TIMEOUT", "upstream_timeout", true],
    ["UND_ERR_HEADERS_TIMEOUT", "upstream_timeout", false],
    ["UND_ERR_BODY_TIMEOUT", "upstream_timeout", false],
    ["HPE_INVALID_CONSTANT", "upstream_invalid", false],
    ["UND_ERR_HEADERS_OVERFLOW", "upstream_invalid", false],
    ["ECONNRESET", "upstream_cut", false],
    ["UND_ERR_SOCKET", "upstream_cut", false],
    ["", "upstream_cut", false],
  ])("with the code %j is %s, never sent: %s", (code, loomCode, unsent) => {
    const cause = withCode(code);
    expect(upstreamFault(cause)).toMatchObject({ code: loomCode, cause });
    expect(neverSent(cause)).toBe(unsent);
    expect(isRefusal(cause)).toBe(false);
  });

  it.each(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED"])("with %s is a refusal of undici's own", (code) => {
    expect(isRefusal(withCode(code))).toBe(true);
    expect(upstreamFault(withCode(code)).code).toBe("internal_error");
  });

  it("of the parser has a name and no code", () => {
    const error = Object.assign(new Error("Response does not match the HTTP/1.1 protocol"), {
      name: "HTTPParserError",
    });
    expect(upstreamFault(error).code).toBe("upstream_invalid");
  });

  it("of several addresses is known by its first", () => {
    const error = new AggregateError([withCode("ECONNREFUSED"), withCode("ENETUNREACH")]);
    expect(upstreamFault(error).code).toBe("upstream_unreachable");
    expect(neverSent(error)).toBe(true);
  });

  it("that is one of Loom's errors stays what it is", () => {
    const error = new LoomError("client_gone");
    expect(upstreamFault(error)).toBe(error);
  });

  it.each([null, undefined, "text", 7, {}])("may be anything, such as %j", (thrown) => {
    expect(upstreamFault(thrown).code).toBe("upstream_cut");
    expect(neverSent(thrown)).toBe(false);
  });
});

describe("a stale connection", () => {
  const fault = (code: string, syscall?: string) => Object.assign(new Error(code), { code, syscall });
  it.each([
    [fault("ECONNRESET", "write"), "perhaps", true],
    [fault("EPIPE", "writev"), "perhaps", true],
    [fault("ECONNRESET", "read"), "perhaps", false],
    [fault("UND_ERR_SOCKET"), "perhaps", false],
    [fault("ECONNRESET", "read"), "nothing", true],
    [fault("UND_ERR_SOCKET"), "nothing", true],
    [fault("UND_ERR_INVALID_ARG"), "nothing", false],
    [fault("ECONNREFUSED", "connect"), "nothing", false],
    [null, "perhaps", false],
  ] as const)("by %s after %s was sent: %s", (error, sent, expected) => {
    expect(isStale(error, sent)).toBe(expected);
  });
});
