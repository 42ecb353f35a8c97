import { describe, expect, it } from "vitest";
import { codes } from "../../../../src/errors/codes.js";
import { codeLabel, faultDomain } from "../../../../src/errors/fault-domain.js";

describe("whose fault an error is", () => {
  it("is said for every code, in four words", () => {
    const found = new Set(Object.keys(codes).map(faultDomain));
    expect([...found].sort()).toEqual(["caller", "loom", "policy", "provider"]);
  });

  it("is the caller's, a rule's, the provider's, Loom's own, or nobody's", () => {
    expect(["invalid_api_key", "body_too_large", "upstream_cut", "record_failed", null].map(faultDomain)).toEqual([
      "caller",
      "policy",
      "provider",
      "loom",
      "none",
    ]);
  });

  it("is Loom's for a word that no table has, which becomes no label either", () => {
    expect([faultDomain("made up"), codeLabel("made up"), codeLabel("toString"), codeLabel(null)]).toEqual([
      "loom",
      "other",
      "other",
      "",
    ]);
  });
});
