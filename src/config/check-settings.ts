// Holds a tree of settings (loom.yaml's, the environment's, the command line's) against the schema.
import { z } from "zod";
import type { ConfigFault } from "./config-faults.js";
import { fileSchema } from "./config-schema.js";
import { nearestName } from "./nearest-name.js";
import type { SettingsPath, SettingsTree } from "./read-loom-yaml.js";

/** Every fault of the tree; `locate` says where a value came from. Secret values are never repeated. */
export function checkSettings(tree: SettingsTree, locate: (path: SettingsPath) => string): readonly ConfigFault[] {
  const result = fileSchema.safeParse(tree);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        where: locate([...issue.path, key]),
        message: "There is no such field.",
        fix: suggestField(key, fieldsAt(issue.path)),
      }));
    }
    const fix = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? "another name.") : issue.message;
    const shown = issue.code === "invalid_key" ? "The name" : showValue(tree, issue.path);
    return [{ where: locate(issue.path), message: `${shown} does not fit.`, fix: `Give ${fix}` }];
  });
}

/** The tree without what the schema refuses, so that the rest can still be checked in combination. */
export function withoutFaulty(tree: SettingsTree): SettingsTree {
  const result = fileSchema.safeParse(tree);
  if (result.success) return tree;
  const pruned = structuredClone(tree);
  for (const issue of result.error.issues) {
    const ends = issue.code === "unrecognized_keys" ? issue.keys : [];
    const paths = ends.length === 0 ? [issue.path] : ends.map((key) => [...issue.path, key]);
    // Half a provider would only bring a second fault for the same mistake; a list with a hole would too.
    for (const path of paths)
      remove(pruned, ["providers", "routes"].includes(String(path[0])) ? path.slice(0, 2) : path);
  }
  return pruned;
}

function remove(tree: SettingsTree, path: SettingsPath): void {
  let node: unknown = tree;
  for (const part of path.slice(0, -1)) node = (node as Record<PropertyKey, unknown> | undefined)?.[part];
  const last = path.at(-1);
  if (typeof node === "object" && node !== null && last !== undefined) Reflect.deleteProperty(node, last);
}

function suggestField(key: string, fields: readonly string[]): string {
  const suggestion = nearestName(key, fields);
  return suggestion === null ? `Remove it; known here: ${fields.join(", ")}.` : `Did you mean ${suggestion}?`;
}

function fieldsAt(path: SettingsPath): readonly string[] {
  let schema: unknown = fileSchema;
  for (const part of path) {
    schema = unwrap(schema);
    if (schema instanceof z.ZodObject) schema = schema.shape[String(part)];
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
  }
  schema = unwrap(schema);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema;
}

function showValue(tree: SettingsTree, path: SettingsPath): string {
  const name = path.map(String).join(".");
  if (/(^|\.)(apiKey|masterKeys|ledgerKey|database\.url|vault\.token|metrics\.token|otel\.headers)$/.test(name))
    return "The value (hidden)";
  // A URL that is refused may be refused for the password in it.
  if (name.endsWith(".baseUrl") || name.endsWith(".jaegerUrl")) return "The URL";
  let value: unknown = tree;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  return typeof value === "object" && value !== null ? "The value" : (JSON.stringify(value) ?? "The value");
}
