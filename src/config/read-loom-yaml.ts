// Reads loom.yaml into a plain tree with its references expanded, and knows the line of every value for faults.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Document, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { ConfigFault } from "./config-faults.js";
import { expandReferences } from "./expand-references.js";

export type SettingsTree = { readonly [name: string]: unknown };
export type SettingsPath = readonly PropertyKey[];

export type LoomYaml = {
  readonly tree: SettingsTree;
  /** `loom.yaml:3 listen.port` for a path; the line of the nearest parent when the value itself is not there. */
  readonly locate: (path: SettingsPath) => string;
  readonly faults: readonly ConfigFault[];
};

/** Reads and expands the file at `path` (absolute). Faults of the YAML itself come back as a list, nothing is thrown. */
export function readLoomYaml(path: string, env: Readonly<Record<string, string | undefined>>): LoomYaml {
  const name = basename(path);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    const fault = {
      where: path,
      message: `The file cannot be read (${reason}).`,
      fix: "Check the path and its rights.",
    };
    return { tree: {}, locate: () => name, faults: [fault] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const locate = (at: SettingsPath) => `${name}:${lineOf(document, lines, at)} ${at.map(String).join(".")}`.trimEnd();
  const syntax = document.errors.map((error) => ({
    where: `${name}:${lines.linePos(error.pos[0]).line}`,
    message: `This is not valid YAML: ${error.message}.`,
    fix: "Correct the line; `loom config schema` describes the fields.",
  }));
  if (syntax.length > 0) return { tree: {}, locate, faults: syntax };

  const faults: ConfigFault[] = [];
  visit(document, {
    Scalar(key, node) {
      if (key === "key" || typeof node.value !== "string") return;
      const expanded = expandReferences(node.value, env);
      const where = `${name}:${lines.linePos(node.range?.[0] ?? 0).line}`;
      for (const problem of expanded.problems) faults.push({ where, ...problem });
      node.value = expanded.value;
    },
  });
  const tree: unknown = document.toJS() ?? {};
  if (typeof tree === "object" && tree !== null && !Array.isArray(tree)) {
    return { tree: dropUnset(tree as SettingsTree), locate, faults };
  }
  faults.push({ where: `${name}:1`, message: "This is not a list of settings.", fix: "Write `name: value` lines." });
  return { tree: {}, locate, faults };
}

/** Leaves out empty values, which count as not set. A provider without fields stays: it has only defaults. */
function dropUnset(tree: SettingsTree, keepNull = false): SettingsTree {
  const kept: [string, unknown][] = [];
  for (const [name, value] of Object.entries(tree)) {
    if (value === "" || (value === null && !keepNull)) continue;
    if (value === null) kept.push([name, {}]);
    else if (typeof value === "object" && !Array.isArray(value)) {
      kept.push([name, dropUnset(value as SettingsTree, name === "providers")]);
    } else kept.push([name, value]);
  }
  return Object.fromEntries(kept);
}

function lineOf(document: Document, lines: LineCounter, path: SettingsPath): number {
  let node: unknown = document.contents;
  let offset = isCollection(node) ? (node.range?.[0] ?? 0) : 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      if (isScalar(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return lines.linePos(offset).line;
}
