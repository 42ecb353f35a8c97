import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { compatibleAddonHashes, publishedAddonHashes } from "../../../../src/listen/addon-hashes.js";
import { makeCompatibleCopy } from "../../../../src/listen/compatible-copy.js";

const folder = dirname(createRequire(import.meta.url).resolve("uWebSockets.js"));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const published = (name: string) => readFileSync(join(folder, name));

describe("the published addons", () => {
  it.each(Object.entries(publishedAddonHashes))("%s has its pinned hash where it is installed", (name, hash) => {
    if (existsSync(join(folder, name))) expect(sha256(published(name))).toBe(hash);
  });
});

describe("the compatible copy", () => {
  it.each(Object.entries(compatibleAddonHashes))("of %s has its pinned hash", (name, hash) => {
    expect(sha256(makeCompatibleCopy(published(name)))).toBe(hash);
  });

  it("is seven bytes apart from the published file, which is left as it was", () => {
    const original = published("uws_linux_x64_115.node");
    const before = sha256(original);
    const copy = makeCompatibleCopy(original);
    expect(copy.length).toBe(original.length);
    let different = 0;
    for (let at = 0; at < copy.length; at += 1) if (copy[at] !== original[at]) different += 1;
    expect(different).toBe(7);
    expect(sha256(original)).toBe(before);
  });

  it("is not made twice, since the copy asks for nothing to rename", () => {
    expect(() => makeCompatibleCopy(makeCompatibleCopy(published("uws_linux_x64_115.node")))).toThrow(
      /symbols to rename/,
    );
  });

  it.each([
    ["text", Buffer.from("this is no shared object at all")],
    ["32-bit", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0])],
    ["big-endian", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1, 0])],
  ])("is not made of what is no little-endian ELF64 file (%s)", (_, bytes) => {
    expect(() => makeCompatibleCopy(bytes)).toThrow("no ELF64 file");
  });

  it("is not made of a file that does not ask for the newer libc", () => {
    const name = Object.keys(publishedAddonHashes).find(
      (one) => one.includes("darwin") && existsSync(join(folder, one)),
    );
    if (name !== undefined) expect(() => makeCompatibleCopy(published(name))).toThrow(Error);
    const cut = published("uws_linux_x64_115.node").subarray(0, 4096);
    expect(() => makeCompatibleCopy(cut)).toThrow(Error);
  });
});
