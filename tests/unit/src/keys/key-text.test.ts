import { expect, test } from "vitest";
import { findMasterKeysFault } from "../../../../src/config/master-key-form.js";
import { joinKeys, makeKeyBytes, nextVersion, splitKeys } from "../../../../src/keys/key-text.js";

const one = Buffer.alloc(32, 1).toString("base64");
const two = Buffer.alloc(32, 2).toString("base64");

test("a text is split into its entries, in its order, and joined to the same again", () => {
  const entries = splitKeys(` 2:${two} , 1:${one} `);
  expect(entries).toEqual([
    { version: 2, base64: two },
    { version: 1, base64: one },
  ]);
  expect(joinKeys(entries)).toBe(`2:${two},1:${one}`);
});

test("the next version is above every other, wherever that stands, and 1 where there is none", () => {
  expect(nextVersion([{ version: 3 }, { version: 12 }, { version: 5 }])).toBe(13);
  expect(nextVersion([])).toBe(1);
});

test("a new key is well-formed, and never the same twice", () => {
  const keys = Array.from({ length: 50 }, makeKeyBytes);
  expect(new Set(keys).size).toBe(50);
  for (const key of keys) expect(findMasterKeysFault(`1:${key}`)).toBeNull();
});
