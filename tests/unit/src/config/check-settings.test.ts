import { expect, test } from "vitest";
import { checkSettings, withoutFaulty } from "../../../../src/config/check-settings.js";

const locate = (path: readonly PropertyKey[]) => path.map(String).join("/");

test("what fits has no faults and is returned as it is", () => {
  const tree = { lanes: "2", providers: { a: { baseUrl: "http://x" } }, routes: { fast: ["mock/echo"] } };
  expect(checkSettings(tree, locate)).toEqual([]);
  expect(withoutFaulty(tree)).toBe(tree);
});

test("what does not fit is taken out, with the whole provider or route it belongs to", () => {
  const tree = {
    lanes: 99,
    logLevel: "info",
    listen: { port: "x", host: "h", colour: "red" },
    providers: { good: { baseUrl: "http://x" }, bad: { baseUrl: "x", apiKey: "k" } },
    routes: { good: "mock/echo", bad: ["mock/echo", "echo"] },
  };
  expect(withoutFaulty(tree)).toEqual({
    logLevel: "info",
    listen: { host: "h" },
    providers: { good: { baseUrl: "http://x" } },
    routes: { good: "mock/echo" },
  });
  expect(
    checkSettings(tree, locate)
      .map((fault) => fault.where)
      .sort(),
  ).toEqual(["lanes", "listen/colour", "listen/port", "providers/bad/baseUrl", "routes/bad/1"]);
});

test("a field that is like none of its section names those that are there", () => {
  expect(checkSettings({ auth: { colour: 1 } }, locate)).toEqual([
    { where: "auth/colour", message: "There is no such field.", fix: "Remove it; known here: freshMs, staleMaxMs." },
  ]);
});

test.each([
  [{ database: { url: "hush" } }],
  [{ masterKeys: "hush" }],
  [{ providers: { a: { apiKey: ["hush"] } } }],
  [{ providers: { a: { baseUrl: "http://hush@x" } } }],
  [{ otel: { jaegerUrl: "http://hush@x" } }],
])("%j is a fault without its value", (tree) => {
  const faults = checkSettings(tree, locate);
  expect(faults).toHaveLength(1);
  expect(JSON.stringify(faults)).not.toContain("hush");
});
