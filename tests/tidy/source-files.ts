// Reads the working tree once for the tidy tests: every source as text and as a syntax tree.
// A rule is a pure function of these files, so that each can be proved on a small tree in memory.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Node, type Program, parseSync, visitorKeys } from "oxc-parser";

/** One TypeScript source; `path` is relative to the root of the checkout, with forward slashes. */
export type SourceFile = { readonly path: string; readonly text: string; readonly program: Program };

/** What a rule found: the file, the line where there is one, and a sentence that says what to do. */
export type Fault = { readonly path: string; readonly line?: number; readonly says: string };

export const root = fileURLToPath(new URL("../../", import.meta.url));

const skipped = new Set(["node_modules", "dist", "coverage", ".git", ".loom"]);

/** Every file below the given top-level names, as sorted paths relative to the root; absent folders are passed over. */
export function listFiles(folders: readonly string[], base = root): string[] {
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const entry of readdirSync(join(base, path), { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const below = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) walk(below);
      else if (entry.isFile()) found.push(below);
    }
  };
  const present = new Set(readdirSync(base));
  for (const folder of folders) if (folder === "" || present.has(folder)) walk(folder);
  return found.sort();
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Throws when the text does not parse: a rule that cannot read a file must not pass it. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  return { path, text, program };
}

/** The TypeScript sources of the folders. Throws when there are none, so that no rule passes over nothing. */
export function readSources(folders: readonly string[]): SourceFile[] {
  const files = listFiles(folders)
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts"))
    .map((path) => parseSource(path, readText(path)));
  if (files.length === 0) throw new Error(`no source was found in ${folders.join(", ")}`);
  return files;
}

/** A small tree in memory, for the proof that a rule finds a planted fault. */
export function plant(tree: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(tree).map(([path, text]) => parseSource(path, text));
}

/** Calls `visit` for every node below and including `node`, parents first. */
export function walkNodes(node: Node | Program, visit: (node: Node) => void): void {
  visit(node);
  for (const key of visitorKeys[node.type] ?? []) {
    const child = (node as unknown as Record<string, unknown>)[key];
    for (const one of Array.isArray(child) ? child : [child]) {
      if (one !== null && typeof one === "object" && "type" in one) walkNodes(one as Node, visit);
    }
  }
}

/** The line of an offset, counted from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** One fault a line, for the message of a failed test. */
export function describeFaults(faults: readonly Fault[]): string[] {
  return faults.map(({ path, line, says }) => `${path}${line === undefined ? "" : `:${line}`} ${says}`);
}
