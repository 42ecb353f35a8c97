import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configJsonSchema } from "../../../../src/config/config-json-schema.js";
import { makeTools } from "./fake-tools.js";

describe("config", () => {
  test("check ends with 0 and says what providers lack", async () => {
    const { run } = makeTools({ env: { OPENAI_BASE_URL: "http://x/v1" } });
    const { code, out } = await run("config", "check");
    expect(code).toBe(0);
    expect(out).toMatch(/^The configuration is good.*\n {2}openai cannot be called yet: set OPENAI_API_KEY\n$/);
    expect(JSON.parse((await run("config", "check", "--json")).out)).toEqual({
      faults: [],
      file: null,
      lacks: [{ provider: "openai", lack: "set OPENAI_API_KEY" }],
    });
  });

  test("check ends with 78 and the faults, as text and as JSON", async () => {
    const { run } = makeTools({ env: { PORT: "x" } });
    expect((await run("config", "check")).code).toBe(78);
    const { code, out } = await run("config", "check", "--json");
    expect(code).toBe(78);
    expect(JSON.parse(out)).toMatchObject({ faults: [{ where: "PORT" }] });
  });

  test("print shows what is in effect and no secret", async () => {
    const { run } = makeTools({ env: { OPENAI_API_KEY: "hush", DATABASE_URL: "postgres://u:hush@h/d", PORT: "9" } });
    for (const args of [[], ["--json"]]) {
      const { code, out } = await run("config", "print", ...args);
      expect(code).toBe(0);
      expect(out).toMatch(/"?port"?: 9/);
      expect(out).toContain("[secret]");
      expect(out).not.toContain("hush");
    }
  });

  test("schema prints the very file that is committed", async () => {
    const { out } = await makeTools().run("config", "schema");
    expect(JSON.parse(out)).toEqual(configJsonSchema());
    expect(out).toBe(readFileSync(new URL("../../../../loom.schema.json", import.meta.url), "utf8"));
  });
});
