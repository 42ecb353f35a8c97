// Writes the dashboard's types from the OpenAPI document that the gateway serves, so that the two cannot drift apart.
// openapi-typescript would do it, but needs the JavaScript API of a TypeScript older than ours.

type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly (string | number | null)[];
  readonly const?: string | number | boolean | null;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
};

type OpenApiDocument = { readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> } };

/** The text of `src/api/schema.ts`: one exported type a schema of the document, in the order of their names. */
export function writeApiTypes(document: OpenApiDocument): string {
  const schemas = Object.entries(document.components?.schemas ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const head = [
    "// Written from the OpenAPI document by write-api-types.ts; a tidy test holds it against the document, and",
    "// `npx vitest run --project tidy -u` writes it anew.",
    "",
  ];
  const types = schemas.map(
    ([name, schema]) => `${comment(schema as Schema, "")}export type ${name} = ${print(schema as Schema, "")};\n`,
  );
  return `${head.join("\n")}\n${types.join("\n")}`;
}

function comment(schema: Schema, indent: string): string {
  return schema.description === undefined ? "" : `${indent}/** ${schema.description.replaceAll("*/", "* /")} */\n`;
}

function print(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return union.map((one) => print(one, indent)).join(" | ");
  if (schema.allOf !== undefined) return schema.allOf.map((one) => print(one, indent)).join(" & ");
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => print({ ...schema, type: type as string }, indent)).join(" | ");
  }
  switch (schema.type) {
    case "object":
      return printObject(schema, indent);
    case "array":
      return `readonly ${wrap(print(schema.items ?? {}, indent))}[]`;
    case "integer":
    case "number":
      return "number";
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    default:
      return "unknown";
  }
}

function printObject(schema: Schema, indent: string): string {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) {
    const value =
      typeof schema.additionalProperties === "object" ? print(schema.additionalProperties, indent) : "unknown";
    return `Readonly<Record<string, ${value}>>`;
  }
  const inner = `${indent}  `;
  const lines = properties.map(([name, property]) => {
    const mark = schema.required?.includes(name) === true ? "" : "?";
    return `${comment(property, inner)}${inner}readonly ${name}${mark}: ${print(property, inner)};\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

function wrap(type: string): string {
  return /[|&]/.test(type) && !type.startsWith("{") ? `(${type})` : type;
}
