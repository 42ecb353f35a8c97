// The simplest value that fits a JSON schema, for structured outputs and tool arguments. It knows what schemas of
// requests commonly hold (types, enum, const, properties, items, anyOf, local $ref, minima), not all of JSON Schema.
import { isObject, type JsonObject } from "./chat-request.js";

const depthMax = 12;

/** A value for `schema`; null where the schema says nothing. */
export function makeExample(schema: unknown): unknown {
  return isObject(schema) ? exampleOf(schema, schema, 0) : null;
}

function exampleOf(given: unknown, root: JsonObject, depth: number): unknown {
  if (!isObject(given) || depth > depthMax) return null;
  const schema = typeof given["$ref"] === "string" ? resolve(given["$ref"], root) : given;
  if (!isObject(schema)) return null;
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const variants = schema[key];
    if (Array.isArray(variants)) return exampleOf(variants[0], root, depth + 1);
  }
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type ?? (schema["properties"] === undefined ? null : "object")) {
    case "object":
      return objectOf(schema, root, depth);
    case "array":
      return Array.from({ length: Math.max(1, numberOf(schema["minItems"], 1)) }, () =>
        exampleOf(schema["items"], root, depth + 1),
      );
    case "string":
      return "text".padEnd(numberOf(schema["minLength"], 0), "x");
    case "integer":
    case "number":
      return numberOf(schema["minimum"], 1);
    case "boolean":
      return true;
    default:
      return null;
  }
}

function objectOf(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, exampleOf(property, root, depth + 1)]),
  );
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** `#/$defs/Step` within the same document; `#` is the document. */
function resolve(reference: string, root: JsonObject): unknown {
  if (!reference.startsWith("#")) return null;
  let found: unknown = root;
  for (const name of reference.split("/").slice(1)) found = isObject(found) ? found[name] : null;
  return found;
}
