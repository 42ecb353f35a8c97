// Which sources have a unit test in the mirrored folder, and which files open with a comment.
import { posix } from "node:path";
import type { Fault, SourceFile } from "../source-files.js";
import { importsOf } from "./imports.js";

/** Whether anything of the file is left at run time. */
export function hasRuntime(file: SourceFile): boolean {
  return file.program.body.some((statement) => {
    if (statement.type === "ImportDeclaration" || statement.type.startsWith("TS")) return false;
    if (statement.type !== "ExportNamedDeclaration") return true;
    return statement.exportKind !== "type" && !statement.declaration?.type.startsWith("TS");
  });
}

/**
 * Sources without a unit test: neither `tests/unit/<path>.test.ts` nor a test in that folder that imports the source.
 * `elsewhere` names the test that covers a source instead; an entry is a fault when its source or test is gone, or
 * when a unit test has come: the list may only shrink.
 */
export function findUntested(
  files: readonly SourceFile[],
  tests: readonly SourceFile[],
  elsewhere: Readonly<Record<string, string>>,
): Fault[] {
  const testPaths = new Set(tests.map((test) => test.path));
  const tested = new Set<string>();
  for (const test of tests) {
    for (const { target } of importsOf(test)) {
      if (target !== null && posix.dirname(test.path) === `tests/unit/${posix.dirname(target)}`) tested.add(target);
    }
  }
  const faults: Fault[] = [];
  for (const file of files) {
    if (!hasRuntime(file)) continue;
    const mirrored = `tests/unit/${file.path.replace(/\.ts$/, ".test.ts")}`;
    const isTested = testPaths.has(mirrored) || tested.has(file.path);
    const isListed = elsewhere[file.path] !== undefined;
    if (!isTested && !isListed) faults.push({ path: file.path, says: `has no ${mirrored}` });
    if (isTested && isListed)
      faults.push({ path: file.path, says: "has a unit test: strike it from coveredElsewhere" });
  }
  const sources = new Set(files.map((file) => file.path));
  for (const [path, test] of Object.entries(elsewhere)) {
    if (!sources.has(path)) faults.push({ path, says: "is gone: strike it from coveredElsewhere" });
    if (!testPaths.has(test)) faults.push({ path, says: `is said to be covered by ${test}, which is not there` });
  }
  return faults;
}

/** Files that do not open with a comment on their concern; a `#!` line may stand before it. */
export function findUncommented(files: readonly { readonly path: string; readonly text: string }[]): Fault[] {
  return files
    .filter(({ path, text }) => {
      const opening = path.endsWith(".sql") ? /^--\s*\S/ : /^(#![^\n]*\n)?(\/\/\s*\S|\/\*\*?\s)/;
      return !opening.test(text);
    })
    .map(({ path }) => ({ path, says: "does not open with a comment on its concern" }));
}
