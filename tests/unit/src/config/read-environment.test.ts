import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEnvironment } from "../../../../src/config/read-environment.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loom-environment-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("variables become a tree like loom.yaml's, which remembers their names", () => {
  const { tree, origin, faults } = readEnvironment({ PORT: "1", HOST: "h", OPENAI_API_KEY: "k", OTHER: "x" }, folder);
  expect(tree).toEqual({ listen: { port: "1", host: "h" }, providers: { openai: { apiKey: "k" } } });
  expect(origin(["listen", "port"])).toBe("PORT");
  expect(origin(["listen"])).toBeNull();
  expect(faults).toEqual([]);
});

test("an empty secret file counts as not set, as an empty variable does", () => {
  writeFileSync(join(folder, "empty"), "\n");
  expect(readEnvironment({ OPENAI_API_KEY_FILE: "empty", DATABASE_URL: " " }, folder)).toMatchObject({
    tree: {},
    faults: [],
  });
});

test("a value from a file is at fault under the file's name", () => {
  writeFileSync(join(folder, "url"), "postgres://h/d\n");
  const { tree, origin } = readEnvironment({ DATABASE_URL_FILE: join(folder, "url") }, "/");
  expect(tree).toEqual({ database: { url: "postgres://h/d" } });
  expect(origin(["database", "url"])).toBe("DATABASE_URL_FILE");
});

test("a folder in place of a secret file is a fault", () => {
  expect(readEnvironment({ LOOM_MASTER_KEYS_FILE: "." }, folder).faults).toEqual([
    {
      where: "LOOM_MASTER_KEYS_FILE",
      message: `${folder} cannot be read (EISDIR).`,
      fix: "Check the path and its rights, or unset it.",
    },
  ]);
});
