// Holds the length of files and functions and the names of paths and bindings, with proof that each rule bites.
import { describe, expect, test } from "vitest";
import { longFiles, longFunctions } from "./exceptions.js";
import { findBadBindings, findBadPaths } from "./rules/names.js";
import { fileLinesMax, findLongFiles, findLongFunctions, functionLinesMax } from "./rules/sizes.js";
import { describeFaults, listFiles, plant, readSources } from "./source-files.js";

const testFileLinesMax = 400;
const code = ["src", "workers", "mock", "otel", "bench"];
const sources = readSources(code);
const tests = readSources(["tests"]);
/** Components are functions with their markup in them; the linter holds their length. */
const dashboard = readSources(["dashboard"]).filter((file) => file.path !== "dashboard/src/api/schema.ts");
const paths = listFiles([...code, "tests", "bin", "migrations"]).filter((path) => !path.includes("/transcripts/"));

describe("the tree", () => {
  test("has short files", () => {
    expect(describeFaults(findLongFiles(sources, fileLinesMax, longFiles))).toEqual([]);
    expect(describeFaults(findLongFiles(dashboard, fileLinesMax, {}))).toEqual([]);
    expect(describeFaults(findLongFiles(tests, testFileLinesMax, {}))).toEqual([]);
  });

  test("has short functions", () => {
    expect(describeFaults(findLongFunctions(sources, functionLinesMax, longFunctions))).toEqual([]);
  });

  test("names its files and folders for what they hold", () => {
    expect(paths.length).toBeGreaterThan(50);
    expect(describeFaults(findBadPaths([...paths, ...dashboard.map((file) => file.path)]))).toEqual([]);
  });

  test("names its functions, types and variables for what they hold", () => {
    expect(describeFaults(findBadBindings([...sources, ...dashboard]))).toEqual([]);
  });
});

describe("the size rules", () => {
  const lines = (count: number): string => "// line\n".repeat(count);
  const longFunction = `export function work(): void {\n${lines(69)}}\n`;

  test("find a file of 251 lines and pass one of 250", () => {
    expect(findLongFiles(plant({ "src/a.ts": lines(251) }), fileLinesMax, {})).toHaveLength(1);
    expect(findLongFiles(plant({ "src/a.ts": lines(250) }), fileLinesMax, {})).toEqual([]);
  });

  test("find a function, an arrow function and a method of 71 lines", () => {
    const arrow = `export const a = (): void => {\n${lines(69)}};\n`;
    const method = `export class A {\n  b(): void {\n${lines(69)}}\n}\n`;
    const tree = plant({ "src/a.ts": longFunction, "src/b.ts": arrow, "src/c.ts": method });
    expect(findLongFunctions(tree, functionLinesMax, {}).map((fault) => fault.path)).toEqual([
      "src/a.ts work",
      "src/b.ts line 1",
      "src/c.ts line 2",
    ]);
    expect(findLongFunctions(tree, 71, {})).toEqual([]);
  });

  test("hold an exception at its frozen length, and want it lowered or struck when it shrank", () => {
    const tree = plant({ "src/a.ts": lines(260) });
    expect(findLongFiles(tree, fileLinesMax, { "src/a.ts": 260 })).toEqual([]);
    expect(findLongFiles(tree, fileLinesMax, { "src/a.ts": 259 })).toHaveLength(1);
    expect(findLongFiles(tree, fileLinesMax, { "src/a.ts": 270 })[0]?.says).toContain("freeze it there");
    expect(findLongFiles(tree, fileLinesMax, { "src/a.ts": 260, "src/gone.ts": 300 })[0]?.says).toContain("strike it");
  });
});

describe("the name rules", () => {
  test.each(["src/utils/a.ts", "src/tee/helpers.ts", "src/lib/a.ts", "workers/index.ts", "src/types.ts"])(
    "find the banned name in %s",
    (path) => {
      expect(findBadPaths([path])).toHaveLength(1);
    },
  );

  test.each(["src/tee/someThing.ts", "src/tee/some_thing.ts", "src/Tee/a.ts", "migrations/first.step.sql.TS"])(
    "find the wrong case in %s or take it for what it is",
    (path) => {
      expect(findBadPaths([path]).length).toBe(path.startsWith("migrations") ? 0 : 1);
    },
  );

  test("let ordinary paths, tests and migrations pass", () => {
    expect(findBadPaths(["src/hand-off/hand-off.ts", "tests/unit/a.test.ts", "migrations/0001_tables.sql"])).toEqual(
      [],
    );
  });

  test.each([
    `export const ctx = 1;`,
    `export function poolManager(): void {}`,
    `export class TraceService {}`,
    `export type IConfig = { a: 1 };`,
    `export const a = (proxyReq: string): string => proxyReq;`,
  ])("find the empty name in %s", (text) => {
    expect(findBadBindings(plant({ "src/a.ts": text }))).toHaveLength(1);
  });

  test("let names pass that only contain such a word", () => {
    const text = "export const context = 1; export type Index = 1; export function serve(): void {}";
    expect(findBadBindings(plant({ "src/a.ts": text }))).toEqual([]);
  });
});
