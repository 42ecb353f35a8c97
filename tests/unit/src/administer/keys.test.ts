import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { makeKey } from "../../../../src/administer/keys.js";
import { readClientKey } from "../../../../src/authenticate/client-key.js";

test("a key has ten public and forty-three secret characters of base62", () => {
  const { key, prefix, hash } = makeKey();
  expect(key).toMatch(/^sk-loom-[0-9A-Za-z]{10}-[0-9A-Za-z]{43}$/);
  expect(key.startsWith(`${prefix}-`)).toBe(true);
  expect(hash).toEqual(createHash("sha256").update(key).digest());
});

test("a key is taken by authentication", () => {
  const { key } = makeKey();
  expect(readClientKey(new Map([["authorization", `Bearer ${key}`]]))).toBe(key);
});

test("no letter is more likely than another", () => {
  const counts = new Map<string, number>();
  for (let round = 0; round < 2000; round += 1) {
    for (const letter of makeKey().key.slice(-43)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  // 86,000 letters over 62: 1387 each, standard deviation 37. A modulo over 256 would give eight of them 25 % more.
  expect(counts.size).toBe(62);
  expect(Math.max(...counts.values())).toBeLessThan(1387 + 7 * 37);
  expect(Math.min(...counts.values())).toBeGreaterThan(1387 - 7 * 37);
});
