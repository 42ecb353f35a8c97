// Writes docs/limits.md from src/limits.ts: every bound with its value and its reason, and what they are held against.
import type { Program } from "oxc-parser";
import { type SourceFile, walkNodes } from "../source-files.js";

/** The text of the page. Throws when a bound has no comment, or one of the values has no property. */
export function writeLimitsPage(file: SourceFile, values: Readonly<Record<string, number>>): string {
  const rows = boundsOf(file).map(({ name, reason }) => {
    const value = values[name];
    if (value === undefined) throw new Error(`limits.${name} has no value`);
    if (reason === "") throw new Error(`limits.${name} has no comment that gives its reason`);
    return `| \`${name}\` | ${showValue(name, value)} | ${reason.replaceAll("|", "\\|")} |`;
  });
  if (rows.length !== Object.keys(values).length) throw new Error("not every limit is a plain property of `limits`");
  return [
    "# Limits",
    "",
    "Every bound of Loom, with its reason. This page is written from `src/limits.ts`, and a test holds the two against",
    "each other; after a change there, `npx vitest run --project tidy -u` writes it anew. What an operator may tune is a",
    "setting, not a limit.",
    "",
    "| limit | value | reason |",
    "| --- | ---: | --- |",
    ...rows,
    "",
    "## Held against each other at start",
    "",
    ...assertionsOf(file.program).map((message) => `- ${message}`),
    "",
  ].join("\n");
}

function boundsOf(file: SourceFile): { name: string; reason: string }[] {
  const bounds: { name: string; reason: string }[] = [];
  walkNodes(file.program, (node) => {
    if (node.type !== "VariableDeclarator" || node.id.type !== "Identifier" || node.id.name !== "limits") return;
    let from = node.start;
    walkNodes(node, (property) => {
      if (property.type !== "Property" || property.key.type !== "Identifier") return;
      bounds.push({ name: property.key.name, reason: lastComment(file.text.slice(from, property.start)) });
      from = property.end;
    });
  });
  return bounds;
}

function lastComment(between: string): string {
  const comment = [...between.matchAll(/\/\*\*([\s\S]*?)\*\//g)].at(-1)?.[1] ?? "";
  return comment.replace(/\s*\n\s*\*?\s*/g, " ").trim();
}

function assertionsOf(program: Program): string[] {
  const messages: string[] = [];
  walkNodes(program, (node) => {
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || node.callee.name !== "assert") return;
    const message = node.arguments[1];
    if (message?.type === "Literal" && typeof message.value === "string") messages.push(message.value);
  });
  return messages;
}

function showValue(name: string, value: number): string {
  if (name.includes("Bytes")) {
    const units = [
      [1024 ** 2, "MiB"],
      [1024, "KiB"],
    ] as const;
    for (const [size, unit] of units) if (value % size === 0) return `${value / size} ${unit}`;
    return `${value} B`;
  }
  const digits = value.toLocaleString("en-US");
  return name.endsWith("Ms") ? `${digits} ms` : digits;
}
