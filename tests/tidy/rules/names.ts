// Names of files, folders and bindings: the words that say nothing are banned, with what to write instead.
import { type Fault, lineOf, type SourceFile, walkNodes } from "../source-files.js";

const emptyWords = new Set(
  "util utils helper helpers common shared lib misc types index manager managers service services".split(" "),
);
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const emptyBinding =
  /^(ctx|mgr|svc|proxyReq|proxyRes|handler2|tmp2)$|[a-z](Manager|Service|Helper|Helpers|Util|Utils)$/;
const emptyType =
  /^(Manager|Service|Helper|Helpers|Util|Utils)$|[a-z](Manager|Service|Helper|Helpers|Util|Utils)$|^I[A-Z][a-z]/;

/** Files and folders whose name is banned or not kebab-case; migrations are `NNNN_words.sql`. */
export function findBadPaths(paths: readonly string[]): Fault[] {
  const faults: Fault[] = [];
  for (const path of paths) {
    for (const segment of path.split("/")) {
      const [name = "", ...endings] = segment.split(".");
      const ending = endings.at(-1);
      if (emptyWords.has(name)) faults.push({ path, says: `is named ${name}, which says nothing about its concern` });
      const cased = kebabCase.test(name) || (ending === "sql" && /^\d{4}_[a-z0-9_]+$/.test(name));
      if (!cased) faults.push({ path, says: `: ${segment} is not kebab-case` });
    }
  }
  return faults;
}

/** Declared functions, classes, types, variables and parameters with a name that says nothing. */
export function findBadBindings(files: readonly SourceFile[]): Fault[] {
  const faults: Fault[] = [];
  for (const file of files) {
    const check = (name: string, start: number, banned: RegExp): void => {
      if (banned.test(name)) faults.push({ path: file.path, line: lineOf(file.text, start), says: `declares ${name}` });
    };
    walkNodes(file.program, (node) => {
      if (node.type === "ClassDeclaration" || node.type === "TSTypeAliasDeclaration") {
        if (node.id !== null) check(node.id.name, node.start, emptyType);
      } else if (node.type === "TSInterfaceDeclaration") {
        check(node.id.name, node.start, emptyType);
      } else if (node.type === "FunctionDeclaration" && node.id !== null) {
        check(node.id.name, node.start, emptyBinding);
      } else if (node.type === "VariableDeclarator" && node.id.type === "Identifier") {
        check(node.id.name, node.start, emptyBinding);
      }
      if ("params" in node && Array.isArray(node.params)) {
        for (const parameter of node.params) {
          if (parameter.type === "Identifier") check(parameter.name, parameter.start, emptyBinding);
        }
      }
    });
  }
  return faults;
}
