import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "../../../../src/config/secret.js";
import { configuredKeys } from "../../../../src/keys/configured-keys.js";

const keys = new Secret(`1:${Buffer.alloc(32, 1).toString("base64")}`);

describe("keys given as text", () => {
  test("are what they were for as long as the process runs", async () => {
    const source = configuredKeys(keys, null);
    expect(await source.read()).toEqual({ keys, made: false, file: null });
    expect(source.stamp()).toBeNull();
  });

  test("cannot be rotated by a command, which says what to do, and shows no key", async () => {
    const source = configuredKeys(keys, null);
    await expect(source.add()).rejects.toThrow(/configured as text.*LOOM_MASTER_KEYS_FILE/);
    await expect(source.add()).rejects.not.toThrow(keys.reveal().slice(2));
    expect(source.description).not.toContain(keys.reveal().slice(2));
  });
});

describe("keys in a file of the operator's", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "loom-configured-"));
    file = join(folder, "mine");
    writeFileSync(file, `${keys.reveal()}\n`, { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("are read anew each time, and their mark changes when a secret store replaces them", async () => {
    const source = configuredKeys(keys, file);
    const before = source.stamp();
    const other = `2:${Buffer.alloc(32, 2).toString("base64")},${keys.reveal()}`;
    writeFileSync(file, other);
    expect((await source.read()).keys.reveal()).toBe(other);
    expect(source.stamp()).not.toBe(before);
  });

  test("get a new version in front, in the same file", async () => {
    const { version } = await configuredKeys(keys, file).add();
    expect(version).toBe(2);
    expect(readFileSync(file, "utf8")).toMatch(/^2:.*,1:/);
  });

  test("that are gone are named, and no file is made in their place", async () => {
    rmSync(file);
    const source = configuredKeys(keys, file);
    await expect(source.read()).rejects.toThrow(/mine is gone. LOOM_MASTER_KEYS_FILE names it/);
    await expect(source.add()).rejects.toThrow(/is gone/);
    expect(source.stamp()).toBe("none");
  });
});
