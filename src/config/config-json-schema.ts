// The JSON schema of loom.yaml, made from the zod schema for editors; committed as loom.schema.json.
import { z } from "zod";
import { fileSchema } from "./config-schema.js";

/** A JSON schema (draft 2020-12) of loom.yaml as it is written: with `${ENV}` references where a value may stand. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      const strict = jsonSchema.type === "integer" || jsonSchema.enum !== undefined || jsonSchema.pattern !== undefined;
      if (!strict) return;
      const { description, ...bare } = jsonSchema;
      for (const name of Object.keys(jsonSchema)) delete jsonSchema[name];
      if (description !== undefined) jsonSchema.description = description;
      jsonSchema.anyOf = [bare, { type: "string", pattern: "\\$\\{.+\\}" }];
    },
  });
  return { ...schema };
}
