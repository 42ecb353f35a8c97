import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configJsonSchema } from "../../../../src/config/config-json-schema.js";

test("loom.schema.json is the schema of this build (npx loom config schema > loom.schema.json)", () => {
  const committed: unknown = JSON.parse(readFileSync(new URL("../../../../loom.schema.json", import.meta.url), "utf8"));
  expect(committed).toEqual(configJsonSchema());
});

test("an editor is told of unknown fields, and lets a reference stand for a number", () => {
  const schema = configJsonSchema() as { additionalProperties: boolean; properties: Record<string, unknown> };
  expect(schema.additionalProperties).toBe(false);
  expect(schema.properties["lanes"]).toEqual({
    description: "How many worker threads of a process record",
    anyOf: [
      { type: "integer", minimum: 1, maximum: 64 },
      { type: "string", pattern: "\\$\\{.+\\}" },
    ],
  });
});
