// Holds the repository itself: exact versions, no install scripts, no credentials, a licence and a CI script that runs.
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findSecrets } from "./rules/secrets.js";
import { listFiles, readText, root } from "./source-files.js";

type Manifest = {
  readonly license: string;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};
type LockEntry = {
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
type LockFile = { readonly packages: Readonly<Record<string, LockEntry>> };

const manifest = JSON.parse(readText("package.json")) as Manifest;
const lockFile = JSON.parse(readText("package-lock.json")) as LockFile;

/** The packages of a lock file that would run code at install, sorted. */
function packagesWithScripts(lock: LockFile): string[] {
  const names = Object.entries(lock.packages)
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
  return [...new Set(names)].sort();
}

/**
 * Optional packages that a lock file wants but does not hold. A registry that lacks a build for another platform makes
 * `npm install` leave it out without a word, and `npm ci` then refuses the lock file everywhere.
 */
function packagesLeftOut(lock: LockFile): string[] {
  const held = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, "")));
  const wanted = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  return [...new Set(wanted)].filter((name) => !held.has(name)).sort();
}

/** The dependencies whose version is a range. */
function loosely(versions: Readonly<Record<string, string>>): string[] {
  return Object.entries(versions)
    .filter(([, version]) => !/^(npm:[@\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name]) => name);
}

describe("the repository", () => {
  test("refuses by name every package that has an install script", () => {
    expect(Object.keys(lockFile.packages).length).toBeGreaterThan(50);
    expect(Object.keys(manifest.allowScripts).sort()).toEqual(packagesWithScripts(lockFile));
    expect(Object.values(manifest.allowScripts).every((allowed) => !allowed)).toBe(true);
    expect(readText(".npmrc")).toMatch(/^strict-allow-scripts=true$/m);
  });

  test("locks every optional package, so that npm ci takes the lock file on any platform", () => {
    expect(packagesLeftOut(lockFile)).toEqual([]);
  });

  test("pins every dependency to one version", () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    expect(Object.keys(all).length).toBeGreaterThan(10);
    expect(loosely(all)).toEqual([]);
  });

  test("is under the licence that it names", () => {
    expect(manifest.license).toBe("Apache-2.0");
    expect(readText("LICENSE")).toContain("Version 2.0, January 2004");
  });

  test("holds no credential", () => {
    const paths = listFiles([""]).filter((path) => !/\.(png|ico|woff2|tsbuildinfo|log)$/.test(path));
    expect(paths.length).toBeGreaterThan(100);
    expect(findSecrets(paths.map((path) => ({ path, text: readText(path) })))).toEqual([]);
  });

  test("has a CI script that can be run", () => {
    expect(statSync(join(root, ".ci/run")).mode & 0o111).not.toBe(0);
  });
});

describe("the repository rules", () => {
  test("find a package with an install script wherever it is nested", () => {
    const packages = {
      "": {},
      "node_modules/a": { hasInstallScript: true },
      "node_modules/b/node_modules/@c/d": { hasInstallScript: true },
      "node_modules/e": {},
    };
    expect(packagesWithScripts({ packages })).toEqual(["@c/d", "a"]);
  });

  test("find an optional package that the lock file leaves out", () => {
    const optionalDependencies = { "@a/linux": "1.0.0", "@a/darwin": "1.0.0" };
    const packages = { "node_modules/a": { optionalDependencies }, "node_modules/@a/linux": {} };
    expect(packagesLeftOut({ packages })).toEqual(["@a/darwin"]);
  });

  test("find a range, a tag and an address", () => {
    expect(loosely({ a: "^1.0.0", b: "latest", c: "https://example.test/c.tgz", d: "1.2.3" })).toEqual(["a", "b", "c"]);
    expect(loosely({ a: "npm:@x/y@20.57.0", b: "18.4.0-beta.17" })).toEqual([]);
  });

  test("find credentials by file name and by text", () => {
    const fakeKey = `sk-proj-${"a1B2".repeat(10)}`;
    const pem = `-----BEGIN ${"PRIVATE"} KEY-----\n${"QUJD".repeat(12)}`;
    const files = [
      { path: ".env", text: "" },
      { path: "deploy/.env.production", text: "" },
      { path: "certs/server.pem", text: "" },
      { path: "src/a.ts", text: `const key = "${fakeKey}";` },
      { path: "src/b.ts", text: pem },
      { path: ".env.example", text: "OPENAI_API_KEY=\n" },
      { path: "src/c.ts", text: 'const key = "sk-loom-abc-def"; const other = "sk-test";' },
    ];
    expect(findSecrets(files).map((fault) => fault.path)).toEqual(files.slice(0, 5).map((file) => file.path));
  });
});
