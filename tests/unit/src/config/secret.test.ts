import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "../../../../src/config/secret.js";

test("a secret is revealed by name, and by no way of printing", () => {
  const secret = new Secret("hush");
  expect(secret.reveal()).toBe("hush");
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
    JSON.stringify(Object.entries(secret)),
  ];
  expect(shown.join(" ")).not.toContain("hush");
  expect(shown[0]).toBe("[secret]");
});
