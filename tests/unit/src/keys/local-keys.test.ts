import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findMasterKeysFault } from "../../../../src/config/master-key-form.js";
import { Secret } from "../../../../src/config/secret.js";
import { type KeySettings, masterKeySource } from "../../../../src/keys/master-key-source.js";

let home: string;

function sourceOf(settings: Partial<KeySettings> = {}) {
  return masterKeySource({ home, keys: { source: "local" }, masterKeys: null, masterKeysFile: null, ...settings });
}

beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), "loom-keys-")), "home");
});
afterEach(() => rmSync(join(home, ".."), { recursive: true }));

describe("the key file", () => {
  test("is made once, for the owner only, and read ever after", async () => {
    const first = await sourceOf().read();
    expect(first).toMatchObject({ made: true, file: join(home, "master-keys") });
    expect(findMasterKeysFault(first.keys.reveal())).toBeNull();
    expect(first.keys.reveal()).toMatch(/^1:/);
    expect(statSync(join(home, "master-keys")).mode & 0o777).toBe(0o600);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(readdirSync(home)).toEqual(["master-keys"]);
    const second = await sourceOf().read();
    expect(second.made).toBe(false);
    expect(second.keys.reveal()).toBe(first.keys.reveal());
  });

  test("differs from home to home", async () => {
    const one = await sourceOf({ home: join(home, "a") }).read();
    const other = await sourceOf({ home: join(home, "b") }).read();
    expect(one.keys.reveal()).not.toBe(other.keys.reveal());
  });

  test("is never overwritten, neither by a start nor by a rotation, when it is damaged", async () => {
    await sourceOf().read();
    for (const damaged of ["", "1:short", "nonsense"]) {
      writeFileSync(join(home, "master-keys"), damaged);
      await expect(sourceOf().read()).rejects.toThrow(/does not hold master keys/);
      await expect(sourceOf().add()).rejects.toThrow(/does not hold master keys/);
      expect(readFileSync(join(home, "master-keys"), "utf8")).toBe(damaged);
    }
  });

  test("is closed to others when somebody opened it", async () => {
    await sourceOf().read();
    chmodSync(join(home, "master-keys"), 0o644);
    await sourceOf().read();
    expect(statSync(join(home, "master-keys")).mode & 0o777).toBe(0o600);
  });
});

describe("a rotation", () => {
  test("puts the next version in front, keeps the others, and leaves one file, for the owner only", async () => {
    const first = (await sourceOf().read()).keys.reveal();
    const before = sourceOf().stamp();
    const second = await sourceOf().add();
    expect(second.version).toBe(2);
    const text = second.keys.reveal();
    expect(text).toMatch(/^2:/);
    expect(text.endsWith(`,${first}`)).toBe(true);
    expect((await sourceOf().read()).keys.reveal()).toBe(text);
    expect(sourceOf().stamp()).not.toBe(before);
    expect(readdirSync(home)).toEqual(["master-keys"]);
    expect(statSync(join(home, "master-keys")).mode & 0o777).toBe(0o600);
    expect((await sourceOf().add()).keys.reveal()).toMatch(/^3:.*,2:.*,1:/);
  });

  test("takes a number above every other, also above one that is not in front", async () => {
    mkdirSync(home);
    const key = Buffer.alloc(32, 9).toString("base64");
    writeFileSync(join(home, "master-keys"), `3:${key},12:${key}`, { mode: 0o600 });
    expect((await sourceOf().add()).version).toBe(13);
  });

  test("changes a file that the operator named, and refuses keys that are text", async () => {
    const file = join(home, "mine");
    mkdirSync(home);
    const masterKeys = new Secret(`1:${Buffer.alloc(32).toString("base64")}`);
    writeFileSync(file, masterKeys.reveal(), { mode: 0o600 });
    const named = sourceOf({ masterKeys, masterKeysFile: file });
    expect((await named.add()).version).toBe(2);
    expect((await named.read()).keys.reveal()).toMatch(/^2:/);
    const text = sourceOf({ masterKeys });
    expect(await text.read()).toEqual({ keys: masterKeys, made: false, file: null });
    expect(text.stamp()).toBeNull();
    await expect(text.add()).rejects.toThrow(/configured as text.*LOOM_MASTER_KEYS_FILE/);
    expect(readdirSync(home)).toEqual(["mine"]);
  });
});
