// Holds the dashboard's types against the OpenAPI document that the gateway serves.
import { expect, test } from "vitest";
import { writeApiTypes } from "../../dashboard/write-api-types.js";
import { makeOpenApi } from "../../src/query/openapi.js";

test("the dashboard's types are those of the OpenAPI document", async () => {
  const types = writeApiTypes(makeOpenApi("0.0.0"));
  expect(types).toContain("export type TraceDetail = {");
  await expect(types).toMatchFileSnapshot("../../dashboard/src/api/schema.ts");
});

test("a schema becomes a type: objects, lists, unions, references, what is optional", () => {
  const text = { type: "string" };
  const schemas = {
    A: { type: "object", properties: { a: text, b: { anyOf: [text, { type: "null" }] } }, required: ["a"] },
    B: { type: "array", items: { $ref: "#/components/schemas/A" }, description: "Some." },
    C: { enum: ["x", "y"] },
    D: { type: "array", items: { anyOf: [text, { type: "integer" }] } },
  };
  const types = writeApiTypes({ components: { schemas } });
  expect(types).toContain("export type A = {\n  readonly a: string;\n  readonly b?: string | null;\n};");
  expect(types).toContain("/** Some. */\nexport type B = readonly A[];");
  expect(types).toContain('export type C = "x" | "y";');
  expect(types).toContain("export type D = readonly (string | number)[];");
});
