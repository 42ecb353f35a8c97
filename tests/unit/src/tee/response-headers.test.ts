import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { loomHeaders, responseHeaders } from "../../../../src/tee/response-headers.js";

const loom = { traceId: "trace-1", requestId: null, provider: "openai", overheadMs: 0.4567, streamed: false };
const named = (lines: readonly (readonly [string, string])[], name: string) =>
  lines.filter(([one]) => one === name).map(([, value]) => value);

describe("the headers of an answer", () => {
  it("are the provider's, with repeated lines apart, and Loom's own after them", () => {
    const upstream = { "content-type": "application/json", "x-ratelimit-remaining-tokens": "7", warning: ["a", "b"] };
    expect(responseHeaders(upstream, loom)).toEqual([
      ["content-type", "application/json"],
      ["x-ratelimit-remaining-tokens", "7"],
      ["warning", "a"],
      ["warning", "b"],
      ["x-request-id", "trace-1"],
      ["x-loom-trace-id", "trace-1"],
      ["x-loom-overhead-ms", "0.457"],
      ["x-loom-provider", "openai"],
    ]);
  });

  it.each([
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "date",
    "set-cookie",
    "alt-svc",
    "strict-transport-security",
    "x-loom-trace-id",
    "x-loom-anything",
  ])("lack the provider's %s", (name) => {
    expect(named(responseHeaders({ [name]: "provider" }, loom), name)).not.toContain("provider");
  });

  it("lack what the provider's Connection names", () => {
    const upstream = { connection: "close, X-Hop ,x-other", "x-hop": "1", "x-other": "2", "x-end": "3" };
    const names = responseHeaders(upstream, loom).map(([name]) => name);
    expect(names).not.toContain("x-hop");
    expect(names).not.toContain("x-other");
    expect(names).toContain("x-end");
  });

  it("keep a content encoding, since the bytes are not changed", () => {
    expect(named(responseHeaders({ "content-encoding": "gzip" }, loom), "content-encoding")).toEqual(["gzip"]);
  });

  it("carry the client's request id, and the provider's beside it", () => {
    const lines = responseHeaders({ "x-request-id": "theirs" }, { ...loom, requestId: "mine" });
    expect(named(lines, "x-request-id")).toEqual(["mine"]);
    expect(named(lines, "x-loom-provider-request-id")).toEqual(["theirs"]);
  });

  it("carry the provider's request id when the client sent none", () => {
    expect(named(responseHeaders({ "x-request-id": "theirs" }, loom), "x-request-id")).toEqual(["theirs"]);
  });

  it("bound the client's request id", () => {
    const lines = responseHeaders({}, { ...loom, requestId: "r".repeat(5000) });
    expect(named(lines, "x-request-id")[0]).toHaveLength(limits.columnTextMax);
  });

  it("tell nginx not to buffer a stream, unless the provider said something of it", () => {
    expect(named(responseHeaders({}, { ...loom, streamed: true }), "x-accel-buffering")).toEqual(["no"]);
    const told = responseHeaders({ "x-accel-buffering": "yes" }, { ...loom, streamed: true });
    expect(named(told, "x-accel-buffering")).toEqual(["yes"]);
    expect(named(responseHeaders({}, loom), "x-accel-buffering")).toEqual([]);
  });

  it("of an answer of Loom's own name no provider", () => {
    expect(loomHeaders({ traceId: "t", provider: "", overheadMs: 1 })).toEqual([
      ["x-loom-trace-id", "t"],
      ["x-loom-overhead-ms", "1.000"],
    ]);
  });
});
