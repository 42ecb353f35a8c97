import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findMasterKeysFault } from "../../../../src/config/master-key-form.js";
import { ensureMasterKeys } from "../../../../src/config/master-keys.js";
import { Secret } from "../../../../src/config/secret.js";

let home: string;
beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), "loom-keys-")), "home");
});
afterEach(() => rmSync(join(home, ".."), { recursive: true }));

describe("the key file", () => {
  test("is made once, for the owner only, and read ever after", () => {
    const first = ensureMasterKeys({ home, masterKeys: null });
    expect(first).toMatchObject({ made: true, file: join(home, "master-keys") });
    expect(findMasterKeysFault(first.keys.reveal())).toBeNull();
    expect(first.keys.reveal()).toMatch(/^1:/);
    expect(statSync(join(home, "master-keys")).mode & 0o777).toBe(0o600);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(readdirSync(home)).toEqual(["master-keys"]);
    const second = ensureMasterKeys({ home, masterKeys: null });
    expect(second.made).toBe(false);
    expect(second.keys.reveal()).toBe(first.keys.reveal());
  });

  test("differs from home to home", () => {
    const one = ensureMasterKeys({ home: join(home, "a"), masterKeys: null });
    const other = ensureMasterKeys({ home: join(home, "b"), masterKeys: null });
    expect(one.keys.reveal()).not.toBe(other.keys.reveal());
  });

  test("is never overwritten, even when it is damaged", () => {
    ensureMasterKeys({ home, masterKeys: null });
    for (const damaged of ["", "1:short", "nonsense"]) {
      writeFileSync(join(home, "master-keys"), damaged);
      expect(() => ensureMasterKeys({ home, masterKeys: null })).toThrow(/does not hold master keys/);
      expect(readFileSync(join(home, "master-keys"), "utf8")).toBe(damaged);
    }
  });

  test("is closed to others when somebody opened it", () => {
    ensureMasterKeys({ home, masterKeys: null });
    chmodSync(join(home, "master-keys"), 0o644);
    ensureMasterKeys({ home, masterKeys: null });
    expect(statSync(join(home, "master-keys")).mode & 0o777).toBe(0o600);
  });

  test("is not made when keys are configured", () => {
    const masterKeys = new Secret(`1:${Buffer.alloc(32).toString("base64")}`);
    expect(ensureMasterKeys({ home, masterKeys })).toEqual({ keys: masterKeys, made: false, file: null });
    expect(() => statSync(home)).toThrow(/ENOENT/);
  });
});

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
});
