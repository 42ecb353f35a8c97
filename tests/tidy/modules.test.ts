// Holds what a module may do: no state, no effects, no default exports, no branch on a provider; and that each opens
// with a comment and has a test.
import { describe, expect, test } from "vitest";
import { providerKinds } from "../../src/config/config.js";
import { coveredElsewhere } from "./exceptions.js";
import { findUncommented, findUntested, hasRuntime } from "./rules/coverage.js";
import { findDefaultsAndBarrels, findEffectsAtImport, findModuleState } from "./rules/module-scope.js";
import { findProviderBranches } from "./rules/provider-branches.js";
import { describeFaults, listFiles, plant, readSources, readText } from "./source-files.js";

const sources = readSources(["src", "workers", "mock", "otel", "bench"]);
const tests = readSources(["tests"]).filter((file) => file.path.endsWith(".test.ts"));

/** The files that a process or a thread starts with; everything else only declares. */
const entries = new Set([
  "src/main.ts",
  "workers/lane.ts",
  "workers/credentials.ts",
  "mock/main.ts",
  "mock/mock-thread.ts",
  "bench/bench.ts",
]);

describe("the tree", () => {
  test("has no module-level state", () => {
    expect(describeFaults(findModuleState(sources))).toEqual([]);
  });

  test("has no default exports and no barrels", () => {
    expect(describeFaults(findDefaultsAndBarrels(sources))).toEqual([]);
  });

  test("does nothing at import outside its entry points", () => {
    const others = sources.filter((file) => !entries.has(file.path) && !file.path.startsWith("bench/"));
    expect(describeFaults(findEffectsAtImport(others))).toEqual([]);
  });

  test("branches on a provider's name in the providers' own files only", () => {
    const gateway = sources.filter((file) => /^(src|workers|otel)\//.test(file.path));
    expect(describeFaults(findProviderBranches(gateway, providerKinds))).toEqual([]);
  });

  test("opens every file with a comment on its concern, but for unit tests, whose path says it", () => {
    const folders = ["src", "workers", "mock", "otel", "bench", "bin", "migrations", "tests", "dashboard"];
    const paths = listFiles(folders).filter((path) => /^(?!tests\/unit\/).*\.(tsx?|js|sql|css)$/.test(path));
    expect(paths.length).toBeGreaterThan(50);
    expect(describeFaults(findUncommented(paths.map((path) => ({ path, text: readText(path) }))))).toEqual([]);
  });

  test("has a unit test for every file of src and workers, or a frozen entry that says what covers it", () => {
    const tested = sources.filter((file) => /^(src|workers)\//.test(file.path));
    expect(describeFaults(findUntested(tested, tests, coveredElsewhere))).toEqual([]);
  });
});

describe("the module rules", () => {
  test.each([
    "let open = 0;",
    "export let open = 0;",
    "var open = 0;",
    "const seen = new Map<string, string>();",
    "const waiting: string[] = [];",
    "export const cache = new LRUCache({ max: 10 });",
  ])("find the state in %s", (text) => {
    expect(findModuleState(plant({ "src/a.ts": text }))).toHaveLength(1);
  });

  test("let constants pass", () => {
    const text = 'const names = new Set(["a"]); export const kinds = ["a"] as const; export const max = 1;';
    expect(findModuleState(plant({ "src/a.ts": text }))).toEqual([]);
  });

  test.each(["export default 1;", "export default function a(): void {}", 'export * from "./b.js";'])(
    "find the default export or barrel in %s",
    (text) => {
      expect(findDefaultsAndBarrels(plant({ "src/a.ts": text }))).toHaveLength(1);
    },
  );

  test.each(["start();", "await start();", "process.title = 'loom';", "if (true) start();", "for (;;) {}"])(
    "find the effect in %s",
    (text) => {
      expect(findEffectsAtImport(plant({ "src/a.ts": text }))).toHaveLength(1);
    },
  );

  test.each([
    'export const a = (kind: string): boolean => kind === "openai";',
    'export const a = (kind: string): boolean => "azure-openai" !== kind;',
    'export function a(kind: string): number { switch (kind) { case "mock": return 1; default: return 0; } }',
  ])("find the branch on a provider in %s", (text) => {
    expect(findProviderBranches(plant({ "src/route/a.ts": text }), providerKinds)).toHaveLength(1);
    expect(findProviderBranches(plant({ "src/providers/a.ts": text }), providerKinds)).toEqual([]);
  });

  test("find a file without an opening comment", () => {
    const files = [
      { path: "src/a.ts", text: "export const a = 1;\n// late\n" },
      { path: "migrations/1.sql", text: "create table a();" },
      { path: "bin/a.js", text: "#!/usr/bin/env node\n// Starts it.\n" },
      { path: "src/b.ts", text: "// A concern.\n" },
    ];
    expect(findUncommented(files).map((fault) => fault.path)).toEqual(["src/a.ts", "migrations/1.sql"]);
  });

  test("find an untested source, but not one that is only types", () => {
    const tree = plant({
      "src/a.ts": "export const a = 1;",
      "src/b.ts": 'import type { C } from "./c.js";\nexport type B = C;',
    });
    expect(tree.map(hasRuntime)).toEqual([true, false]);
    expect(findUntested(tree, [], {})).toHaveLength(1);
    expect(findUntested(tree, plant({ "tests/unit/src/a.test.ts": "" }), {})).toEqual([]);
  });

  test("take a test in the mirrored folder for the sources that it imports, and no test elsewhere", () => {
    const tree = plant({ "src/tee/a.ts": "export const a = 1;" });
    const text = 'import { a } from "../../../../src/tee/a.js";';
    expect(findUntested(tree, plant({ "tests/unit/src/tee/tee.test.ts": text }), {})).toEqual([]);
    expect(findUntested(tree, plant({ "tests/unit/src/route/route.test.ts": text }), {})).toHaveLength(1);
  });

  test("hold the list of covered elsewhere: it may only shrink", () => {
    const tree = plant({ "src/a.ts": "export const a = 1;" });
    const path = "tests/integration/a.test.ts";
    const there = plant({ [path]: "" });
    expect(findUntested(tree, there, { "src/a.ts": path })).toEqual([]);
    expect(findUntested(tree, [], { "src/a.ts": path })).toHaveLength(1);
    expect(
      findUntested(tree, plant({ [path]: "", "tests/unit/src/a.test.ts": "" }), { "src/a.ts": path }),
    ).toHaveLength(1);
    expect(findUntested([], there, { "src/gone.ts": path })).toHaveLength(1);
  });
});
