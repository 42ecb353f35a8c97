import { describe, expect, test } from "vitest";
import { findMasterKeysFault } from "../../../../src/config/master-key-form.js";

describe("the written form", () => {
  const key = Buffer.alloc(32, 9).toString("base64");

  test.each([
    `1:${key}`,
    `12:${key},3:${key}`,
    ` 2:${key} , 1:${key} `,
    `1:${Buffer.alloc(32, 255).toString("base64url")}`,
  ])("%s is right", (text) => {
    expect(findMasterKeysFault(text)).toBeNull();
  });

  test.each([
    ["", /Entry 1 does not begin with a version/],
    [key, /Entry 1 does not begin with a version/],
    [`0:${key}`, /Entry 1/],
    [`9999999999:${key}`, /Entry 1/],
    [`1:${key},`, /Entry 2/],
    [`1:${key},1:${key}`, /Version 1 is there twice/],
    ["1:%%%", /not base64/],
    ["3:YWJj", /The key of version 3 has 3 bytes, not 32/],
    [`1:${Buffer.alloc(33).toString("base64")}`, /has 33 bytes/],
  ])("%s is refused with its reason", (text, reason) => {
    expect(findMasterKeysFault(text)).toMatch(reason);
  });

  test("whose fault is told shows no part of a key", () => {
    for (const text of ["1:hush-%", "hush:1", "1:hush", `1:${key},1:hush`]) {
      expect(findMasterKeysFault(text)).not.toContain("hush");
    }
  });
});
