// File and function length, with a ratchet: an exception is frozen at its length and may only shrink.
import type { Node } from "oxc-parser";
import { type Fault, lineOf, type SourceFile, walkNodes } from "../source-files.js";

export const fileLinesMax = 250;
export const functionLinesMax = 70;

type FunctionNode = Extract<Node, { params: unknown; body: unknown; id: unknown }>;

/** Key (a path, or `path name` for a function) -> the length it was frozen at. */
export type Frozen = Readonly<Record<string, number>>;

export function findLongFiles(files: readonly SourceFile[], linesMax: number, frozen: Frozen): Fault[] {
  const lengths = new Map(files.map((file) => [file.path, file.text.replace(/\n$/, "").split("\n").length]));
  return compare(lengths, linesMax, frozen, "lines in one file");
}

export function findLongFunctions(files: readonly SourceFile[], linesMax: number, frozen: Frozen): Fault[] {
  const lengths = new Map<string, number>();
  for (const file of files) {
    walkNodes(file.program, (node) => {
      if (!isFunction(node)) return;
      const first = lineOf(file.text, node.start);
      const lines = lineOf(file.text, node.end) - first + 1;
      const key = `${file.path} ${node.id?.name ?? `line ${first}`}`;
      lengths.set(key, Math.max(lines, lengths.get(key) ?? 0));
    });
  }
  return compare(lengths, linesMax, frozen, "lines in one function");
}

function isFunction(node: Node): node is FunctionNode {
  return ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"].includes(node.type);
}

function compare(lengths: ReadonlyMap<string, number>, linesMax: number, frozen: Frozen, what: string): Fault[] {
  const faults: Fault[] = [];
  for (const [path, lines] of lengths) {
    const bound = frozen[path] ?? linesMax;
    if (lines > bound) faults.push({ path, says: `has ${lines} ${what}; ${bound} are allowed` });
  }
  for (const [path, lines] of Object.entries(frozen)) {
    const now = lengths.get(path) ?? 0;
    if (now < lines) {
      const says = now <= linesMax ? "is no exception any more: strike it" : `shrank to ${now}: freeze it there`;
      faults.push({ path, says });
    }
  }
  return faults;
}
