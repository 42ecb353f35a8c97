// What may stand at the top of a module: declarations. State and effects there make a file impossible to test alone.
import type { Node } from "oxc-parser";
import { type Fault, lineOf, type SourceFile } from "../source-files.js";

const containers = new Set(["Map", "Set", "WeakMap", "WeakSet", "LRUCache", "EventEmitter"]);

/** Module-level `let`, `var` and empty containers. */
export function findModuleState(files: readonly SourceFile[]): Fault[] {
  return eachStatement(files, (statement) => {
    if (statement.type !== "VariableDeclaration") return null;
    if (statement.kind === "let" || statement.kind === "var") return `has a module-level ${statement.kind}`;
    const filledLater = statement.declarations.some((one) => one.init !== null && isEmptyContainer(one.init));
    return filledLater ? "has a module-level container that is filled later" : null;
  });
}

function isEmptyContainer(init: Node): boolean {
  if (init.type === "ArrayExpression") return init.elements.length === 0;
  if (init.type !== "NewExpression" || init.callee.type !== "Identifier" || !containers.has(init.callee.name)) {
    return false;
  }
  return init.arguments.length === 0 || init.callee.name === "LRUCache";
}

/** Default exports and re-exports of another file. */
export function findDefaultsAndBarrels(files: readonly SourceFile[]): Fault[] {
  return eachStatement(files, (statement) => {
    if (statement.type === "ExportDefaultDeclaration") return "has a default export";
    if (statement.type === "ExportAllDeclaration") return "re-exports another file";
    if (statement.type === "ExportNamedDeclaration" && statement.source !== null) return "re-exports another file";
    return null;
  });
}

/** Statements that do something when the file is imported; entry points are for the caller to leave out. */
export function findEffectsAtImport(files: readonly SourceFile[]): Fault[] {
  return eachStatement(files, (statement) => {
    const declares = statement.type.endsWith("Declaration") || statement.type === "EmptyStatement";
    return declares ? null : "has an effect at import";
  });
}

function eachStatement(files: readonly SourceFile[], judge: (statement: Node) => string | null): Fault[] {
  const faults: Fault[] = [];
  for (const file of files) {
    for (const statement of file.program.body) {
      const exported = statement.type === "ExportNamedDeclaration" ? statement.declaration : null;
      const says = judge(statement) ?? (exported ? judge(exported) : null);
      if (says !== null) faults.push({ path: file.path, line: lineOf(file.text, statement.start), says });
    }
  }
  return faults;
}
