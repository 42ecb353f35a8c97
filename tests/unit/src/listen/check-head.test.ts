import { describe, expect, it } from "vitest";
import { LoomError } from "../../../../src/errors/loom-error.js";
import { limits } from "../../../../src/limits.js";
import { type BodyFraming, checkHead, HeadReader, type HeadRules } from "../../../../src/listen/check-head.js";

type Lines = readonly (readonly [string, string])[];
type Asked = { method?: string; path?: string; lines?: Lines; rules?: Partial<HeadRules> };

function check({
  method = "POST",
  path = "/v1/chat/completions",
  lines = [["host", "loom"]],
  rules,
}: Asked): BodyFraming {
  const reader = new HeadReader();
  for (const [name, value] of lines) reader.add(name, value);
  const { headers, repeated, headerCount, malformed } = reader;
  const head = { method, path, query: "", headers, repeated, headerCount, malformed };
  return checkHead(head, { chunkedRequests: "refuse", bodyBytesMax: 1000, uploadBytesMax: 5000, ...rules });
}

function codeOf(asked: Asked): string {
  try {
    check(asked);
  } catch (error) {
    if (error instanceof LoomError) return error.code;
    throw error;
  }
  return "taken";
}

const withHost = (...lines: Lines): Lines => [["host", "loom"], ...lines];

describe("reading header lines", () => {
  it("joins what may repeat and counts every line", () => {
    const reader = new HeadReader();
    for (const value of ["a", "b", "c"]) reader.add("accept", value);
    expect(reader.headers.get("accept")).toBe("a, b, c");
    expect(reader).toMatchObject({ repeated: null, headerCount: 3 });
  });

  it.each(["host", "content-length", "content-type", "transfer-encoding", "authorization", "x-api-key", "api-key"])(
    "refuses a second %s, also when it says the same",
    (name) => {
      expect(codeOf({ lines: withHost([name, "1"], [name, "1"]) })).toBe("bad_request");
    },
  );
});

describe("the head of a request", () => {
  it.each([
    [withHost(), 0],
    [withHost(["content-length", "0"]), 0],
    [withHost(["content-length", "1000"]), 1000],
    [withHost(["content-length", "007"]), 7],
  ] as [Lines, number][])("with %j frames its body by %j", (lines, framing) => {
    expect(check({ lines })).toBe(framing);
  });

  it.each([
    [[], "bad_request"],
    [[["host", ""]], "bad_request"],
    [withHost(["content-length", "1001"]), "body_too_large"],
    [withHost(["content-length", "999999999999999"]), "body_too_large"],
    [withHost(["content-length", ""]), "bad_request"],
    [withHost(["content-length", "-1"]), "bad_request"],
    [withHost(["content-length", "+1"]), "bad_request"],
    [withHost(["content-length", "0x10"]), "bad_request"],
    [withHost(["content-length", "1e2"]), "bad_request"],
    [withHost(["content-length", "1, 1"]), "bad_request"],
    [withHost(["content-length", "9999999999999999"]), "bad_request"],
    [withHost(["transfer-encoding", "chunked"]), "length_required"],
    [withHost(["transfer-encoding", ""]), "length_required"],
    [withHost(["transfer-encoding", "chunked"], ["content-length", "5"]), "bad_request"],
    [withHost(["transfer-encoding", ""], ["content-length", "5"]), "bad_request"],
  ] as [Lines, string][])("with %j is %s", (lines, code) => {
    expect(codeOf({ lines })).toBe(code);
  });

  it.each([
    ["multipart/form-data; boundary=x", "5000", "taken"],
    ["application/octet-stream", "5001", "body_too_large"],
    ["application/json", "1001", "body_too_large"],
    ["Application/JSON; charset=utf-8", "1001", "body_too_large"],
    ["application/ld+json", "1001", "body_too_large"],
    ["", "1001", "body_too_large"],
  ])("of type %j with %s bytes, where uploads may be larger than other bodies, is %s", (type, length, code) => {
    expect(codeOf({ lines: withHost(["content-type", type], ["content-length", length]) })).toBe(code);
  });

  it.each([
    ["chunked", "taken"],
    ["Chunked", "taken"],
    ["gzip, chunked", "bad_request"],
    ["identity", "bad_request"],
    ["", "bad_request"],
    ["chunked, chunked", "bad_request"],
  ])("with Transfer-Encoding %j, where chunked requests are accepted, is %s", (coding, code) => {
    const lines = withHost(["transfer-encoding", coding]);
    expect(codeOf({ lines, rules: { chunkedRequests: "accept" } })).toBe(code);
    if (code === "taken") expect(check({ lines, rules: { chunkedRequests: "accept" } })).toBe("chunked");
  });

  it.each([
    [["upgrade", "websocket"], "websocket_unsupported"],
    [["upgrade", "h2c, WebSocket/13"], "websocket_unsupported"],
    [["upgrade", "h2c"], "taken"],
    [["expect", "100-Continue"], "taken"],
    [["expect", "200-ok"], "expectation_failed"],
    [["", "x"], "bad_request"],
    [["x a", "x"], "bad_request"],
    [["x-a", "a\rb"], "bad_request"],
    [["x-a", "a\u0000b"], "bad_request"],
    [["x-a", "a\tb \u00ff"], "taken"],
  ] as [[string, string], string][])("with the line %j is %s", (line, code) => {
    expect(codeOf({ lines: withHost(line) })).toBe(code);
  });

  it("has a bounded number of lines", () => {
    const lines = (count: number) => withHost(...Array.from({ length: count }, (_, at) => [`x-${at}`, ""] as const));
    expect(codeOf({ lines: lines(limits.headerCountMax - 1) })).toBe("taken");
    expect(codeOf({ lines: lines(limits.headerCountMax) })).toBe("bad_request");
  });

  it.each(["GET", "POST", "PATCH", "PROPFIND"])("takes the method %s, which the gateway judges", (method) => {
    expect(codeOf({ method })).toBe("taken");
  });

  it.each(["", "get", "G(E)T", "POST ", "GET\u00ff"])("refuses the method %j", (method) => {
    expect(codeOf({ method })).toBe("bad_request");
  });

  it.each(["/", "/v1/models/a:b%2Fc", "/a.b", "/..a", "/a..", "/.well-known"])("takes the path %s", (path) => {
    expect(codeOf({ path })).toBe("taken");
  });

  it.each([
    "",
    "v1",
    "http://other/v1",
    "//other/v1",
    "/v1//models",
    "/v1/../admin",
    "/..",
    "/v1/.",
    "/v1/./models",
    "/v1#x",
    "/v1\\models",
    "/v1/%00",
    "/v1 x",
    "/v1\u00ff",
    "/v1\u007f",
    "/v1\r\nx",
  ])("refuses the path %j", (path) => {
    expect(codeOf({ path })).toBe("bad_request");
  });
});
