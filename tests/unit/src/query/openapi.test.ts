import { describe, expect, test } from "vitest";
import { makeOpenApi } from "../../../../src/query/openapi.js";
import { operations } from "../../../../src/query/operations.js";

type Document = {
  readonly paths: Readonly<Record<string, { readonly get: { readonly operationId: string } }>>;
  readonly components: Readonly<Record<string, object>>;
};

/** Every `$ref` anywhere in the document. */
function refsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "$ref" && typeof inner === "string" ? [inner] : refsOf(inner),
  );
}

describe("the OpenAPI document", () => {
  const document = makeOpenApi("0.0.0") as unknown as Document;

  test("is what openapi.json holds: run this test with -u after a change", async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot("../../../../openapi.json");
  });

  test("has every operation, once", () => {
    const ids = Object.values(document.paths).map(({ get }) => get.operationId);
    expect(ids.toSorted()).toEqual(operations.map(({ id }) => id).toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("refers to nothing that is not in it", () => {
    const refs = refsOf(document);
    expect(refs.length).toBeGreaterThan(10);
    const known = Object.entries(document.components).flatMap(([kind, entries]) =>
      Object.keys(entries).map((name) => `#/components/${kind}/${name}`),
    );
    expect(refs.filter((ref) => !known.includes(ref))).toEqual([]);
  });
});
