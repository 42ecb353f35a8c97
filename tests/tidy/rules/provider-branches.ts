// A branch on a provider's name belongs into the provider's own file; anywhere else the next provider is forgotten.
import type { Node } from "oxc-parser";
import { type Fault, lineOf, type SourceFile, walkNodes } from "../source-files.js";

/** Comparisons and switch cases with a provider kind outside src/providers. */
export function findProviderBranches(files: readonly SourceFile[], kinds: readonly string[]): Fault[] {
  const faults: Fault[] = [];
  const isKind = (node: Node | null): boolean =>
    node?.type === "Literal" && typeof node.value === "string" && kinds.includes(node.value);
  for (const file of files) {
    if (file.path.startsWith("src/providers/")) continue;
    walkNodes(file.program, (node) => {
      const compares = node.type === "BinaryExpression" && /^[!=]==?$/.test(node.operator);
      const branches =
        (compares && (isKind(node.left) || isKind(node.right))) || (node.type === "SwitchCase" && isKind(node.test));
      if (branches)
        faults.push({ path: file.path, line: lineOf(file.text, node.start), says: "branches on a provider" });
    });
  }
  return faults;
}
