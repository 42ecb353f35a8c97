import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeCurl, makeNode, makePython } from "../../../../dashboard/src/trace/copy-as.js";

const base = { origin: "http://127.0.0.1:8080", endpoint: "/v1/chat/completions" };

describe("a request as a program", () => {
  test("quotes the body so that a shell gives it back unchanged", () => {
    const bodies = ["it's", '$HOME `id` "x" \\', "a\nb", "'; rm -rf /tmp/nothing; '"];
    for (const content of bodies) {
      const body = JSON.stringify({ content });
      const line = makeCurl({ ...base, body });
      const printed = execFileSync("/bin/sh", ["-c", line.replace(/^curl[^]*-d /, "printf %s ")], { encoding: "utf8" });
      expect(printed).toBe(body);
    }
  });

  test("names the key, and never holds one", () => {
    const body = JSON.stringify({ model: "m", messages: [], stream: true });
    for (const make of [makeCurl, makeNode, makePython]) {
      const text = make({ ...base, body });
      expect(text).toContain("LOOM_API_KEY");
      expect(text).not.toContain("sk-");
    }
  });

  test("writes JSON values as Python writes them", () => {
    const text = makePython({ ...base, body: '{"model":"m","stream":false,"stop":null,"tools":[{"strict":true}]}' });
    expect(text).toContain("stream=False");
    expect(text).toContain("stop=None");
    expect(text).toContain('"strict": True');
  });

  test("writes strings that Python reads the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), (value) => {
        const text = makePython({ ...base, body: JSON.stringify({ user: value }) });
        expect(text).toContain(`user=${JSON.stringify(value)}`);
      }),
      { numRuns: 30 },
    );
  });
});
