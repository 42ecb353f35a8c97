// What a source imports: static, re-exported, dynamic and in types, with the file that a relative specifier names.
import { posix } from "node:path";
import type { Node } from "oxc-parser";
import { lineOf, type SourceFile, walkNodes } from "../source-files.js";

export type Import = {
  readonly specifier: string;
  /** The TypeScript file below the root that a relative specifier means; null for packages and node: modules. */
  readonly target: string | null;
  /** Whether nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
};

/** Every import of a file, also `import()`, `import("x").T`, `require("x")` and `require.resolve("x")`. */
export function importsOf(file: SourceFile): Import[] {
  const imports: Import[] = [];
  walkNodes(file.program, (node) => {
    const found = readImport(node);
    if (found === null) return;
    const target = found.specifier.startsWith(".")
      ? posix.join(posix.dirname(file.path), found.specifier).replace(/\.js$/, ".ts")
      : null;
    imports.push({ ...found, target, line: lineOf(file.text, node.start) });
  });
  return imports;
}

function readImport(node: Node): { specifier: string; typeOnly: boolean } | null {
  switch (node.type) {
    case "ImportDeclaration": {
      const named = node.specifiers.length > 0 && node.specifiers.every(isTypeSpecifier);
      return { specifier: node.source.value, typeOnly: node.importKind === "type" || named };
    }
    case "ExportAllDeclaration":
      return { specifier: node.source.value, typeOnly: node.exportKind === "type" };
    case "ExportNamedDeclaration":
      return node.source === null ? null : { specifier: node.source.value, typeOnly: node.exportKind === "type" };
    case "TSImportType":
      return { specifier: node.source.value, typeOnly: true };
    case "ImportExpression":
      return literal(node.source);
    case "CallExpression":
      return isRequire(node.callee) ? literal(node.arguments[0]) : null;
    default:
      return null;
  }
}

function isTypeSpecifier(specifier: { type: string; importKind?: string | null }): boolean {
  return specifier.type === "ImportSpecifier" && specifier.importKind === "type";
}

function isRequire(callee: Node): boolean {
  if (callee.type === "Identifier") return callee.name === "require";
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return false;
  return callee.property.name === "resolve" && ["Identifier", "MetaProperty"].includes(callee.object.type)
    ? callee.object.type === "MetaProperty" || (callee.object.type === "Identifier" && callee.object.name === "require")
    : false;
}

function literal(node: Node | undefined): { specifier: string; typeOnly: boolean } | null {
  return node?.type === "Literal" && typeof node.value === "string" ? { specifier: node.value, typeOnly: false } : null;
}
