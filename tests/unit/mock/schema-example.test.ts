// Examples must fit the schemas that requests commonly hold.
import { describe, expect, it } from "vitest";
import { makeExample } from "../../../mock/schema-example.js";

describe("makeExample", () => {
  it("fills every property of an object with a value of its type", () => {
    const schema = {
      type: "object",
      properties: {
        name: { type: "string", minLength: 6 },
        age: { type: "integer", minimum: 18 },
        kind: { enum: ["a", "b"] },
        tags: { type: "array", items: { type: "string" } },
        nothing: { type: ["null", "string"] },
        step: { $ref: "#/$defs/step" },
        either: { anyOf: [{ type: "boolean" }, { type: "null" }] },
      },
      $defs: { step: { type: "object", properties: { text: { const: "go" } } } },
    };
    expect(makeExample(schema)).toEqual({
      name: "textxx",
      age: 18,
      kind: "a",
      tags: ["text"],
      nothing: null,
      step: { text: "go" },
      either: true,
    });
  });

  it("ends on a schema that contains itself", () => {
    const schema = { type: "object", properties: { child: { $ref: "#" } } };
    expect(JSON.stringify(makeExample(schema))).toContain("child");
  });

  it("is null where a schema says nothing", () => {
    expect(makeExample(undefined)).toBeNull();
    expect(makeExample({})).toBeNull();
  });
});
