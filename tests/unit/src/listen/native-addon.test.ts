import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compatibleAddonHashes } from "../../../../src/listen/addon-hashes.js";
import { loadAddon } from "../../../../src/listen/native-addon.js";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "loom-addon-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const load = () => loadAddon({ home, acceptedSha256: null, headerBytesMax: 32_768 });

describe("the front end's addon", () => {
  it("is loaded and says which it is", () => {
    const { addon, description } = load();
    expect(typeof addon.App).toBe("function");
    expect(typeof addon.us_listen_socket_close).toBe("function");
    expect(description).toMatch(/^uWebSockets\.js 20\.57\.0/);
  });

  it("leaves behind at most one file, which only its owner may read, and reads it again", () => {
    load();
    const folder = join(home, "front-end");
    // On glibc 2.38 and newer there is no copy.
    if (!existsSync(folder)) return;
    const [name, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    const file = join(folder, name ?? "");
    expect(statSync(file).mode & 0o777).toBe(0o500);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const { ino } = statSync(file);
    load();
    expect(statSync(file).ino).toBe(ino);
  });

  it("is never loaded from a copy with another content, which is made again", () => {
    const name = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
    const file = join(home, "front-end", name);
    mkdirSync(join(home, "front-end"), { mode: 0o700 });
    writeFileSync(file, "something else");
    const { description } = load();
    if (!description.includes("compatible copy")) return;
    expect(createHash("sha256").update(readFileSync(file)).digest("hex")).toBe(compatibleAddonHashes[name]);
  });
});
