import { describe, expect, test } from "vitest";
import { fileSchema, providerName, targetForm } from "../../../../src/config/config-schema.js";

const accepts = (settings: unknown) => fileSchema.safeParse(settings).success;

describe("a whole number", () => {
  test.each([0, 65_535, "8080", " 8080 "])("%j is a port", (port) => {
    expect(accepts({ listen: { port } })).toBe(true);
  });

  test.each([-1, 65_536, 1.5, "1e3", "0x50", "", "8080a", null, true, Number.NaN])("%j is none", (port) => {
    expect(accepts({ listen: { port } })).toBe(false);
  });
});

test.each(["127.0.0.1", "0.0.0.0", "::1", "localhost", "my-host.example"])("%s is an address", (host) => {
  expect(accepts({ listen: { host } })).toBe(true);
});

test.each(["", "http://x", "a b", "h/1"])("%j is no address", (host) => {
  expect(accepts({ listen: { host } })).toBe(false);
});

test.each(["openai", "a", "Groq_2", "my.provider-1"])("%s is a provider's name", (name) => {
  expect(providerName.safeParse(name).success).toBe(true);
});

test.each(["", "a/b", "-a", "a b", "mock", "a".repeat(65)])("%j is no provider's name", (name) => {
  expect(providerName.safeParse(name).success).toBe(false);
});

test.each(["openai/gpt-4o", "groq/meta/llama:free", "a/b"])("%s is a target", (target) => {
  expect(targetForm.test(target)).toBe(true);
});

test.each(["gpt-4o", "/x", "openai/", "openai/a b", ""])("%j is no target", (target) => {
  expect(targetForm.test(target)).toBe(false);
});

test("a configuration cannot reach the prototype of anything", () => {
  const settings: unknown = JSON.parse('{"providers":{"__proto__":{"baseUrl":"http://x"}}}');
  fileSchema.safeParse(settings);
  expect(({} as Record<string, unknown>)["baseUrl"]).toBeUndefined();
});
