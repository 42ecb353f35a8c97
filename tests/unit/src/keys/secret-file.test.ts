import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeSecretFile, readSecretText, replaceSecretFile, stampFile } from "../../../../src/keys/secret-file.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loom-secret-"));
  file = join(folder, "home", "keys");
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("a file is made for the owner only, together with its folder, and nothing else is left beside it", () => {
  expect(makeSecretFile(file, "one\n")).toBe(true);
  expect([readFileSync(file, "utf8"), modeOf(file), modeOf(join(folder, "home"))]).toEqual(["one\n", 0o600, 0o700]);
  expect(readdirSync(join(folder, "home"))).toEqual(["keys"]);
});

test("a file that is there is not made again, and keeps what it holds", () => {
  makeSecretFile(file, "one");
  expect(makeSecretFile(file, "two")).toBe(false);
  expect(readSecretText(file)).toBe("one");
  expect(readdirSync(join(folder, "home"))).toEqual(["keys"]);
});

test("a replaced file is another one, for the owner only, with another mark; a reader of the old one reads it whole", () => {
  makeSecretFile(file, "one");
  const before = { stamp: stampFile(file), inode: statSync(file).ino };
  replaceSecretFile(file, "two");
  expect([readSecretText(file), modeOf(file)]).toEqual(["two", 0o600]);
  expect(stampFile(file)).not.toBe(before.stamp);
  expect(statSync(file).ino).not.toBe(before.inode);
  expect(readdirSync(join(folder, "home"))).toEqual(["keys"]);
});

test("a link to the file stays a link, and what it leads to is replaced", () => {
  makeSecretFile(file, "one");
  const link = join(folder, "link");
  symlinkSync(file, link);
  const before = stampFile(link);
  replaceSecretFile(link, "two");
  expect([readlinkSync(link), readSecretText(file), readSecretText(link)]).toEqual([file, "two", "two"]);
  expect(stampFile(link)).not.toBe(before);
});

test.skipIf(process.getuid?.() !== 0)(
  "a file that root makes or replaces belongs to whom the home or the file did",
  () => {
    const [user, other] = [65_534, 65_533];
    mkdirSync(join(folder, "home"));
    chownSync(join(folder, "home"), user, user);
    makeSecretFile(file, "one");
    expect([statSync(file).uid, statSync(file).gid, modeOf(file)]).toEqual([user, user, 0o600]);
    chownSync(file, other, other);
    replaceSecretFile(file, "two");
    expect([statSync(file).uid, statSync(file).gid, modeOf(file)]).toEqual([other, other, 0o600]);
  },
);

test("the mark stays while nobody touches the file, and says when there is none", () => {
  expect(stampFile(file)).toBe("none");
  makeSecretFile(file, "one");
  expect(stampFile(file)).toBe(stampFile(file));
});

test("reading takes the space around the text and the rights of others away", () => {
  expect(readSecretText(file)).toBeNull();
  makeSecretFile(file, " one \n");
  chmodSync(file, 0o644);
  expect([readSecretText(file), modeOf(file)]).toEqual(["one", 0o600]);
});

test("what cannot be read or written is named, without its content", () => {
  mkdirSync(file, { recursive: true });
  expect(() => readSecretText(file)).toThrow(`${file} cannot be read.`);
  const below = join(folder, "nowhere", "keys");
  expect(() => replaceSecretFile(below, "hush")).toThrow(/^\S+keys cannot be written\.(?!.*hush)/);
});
