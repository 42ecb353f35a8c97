import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDemo, writeDemo } from "../../../src/demo.js";

const demo = { url: "http://127.0.0.1:1/v1", key: "sk-loom-demo-x", tenant: "demo" };
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "loom-demo-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("the demo file", () => {
  it("is read as it was written, and only its owner may read it", () => {
    const file = writeDemo(home, demo);
    expect(readDemo(home)).toEqual(demo);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(home)).toEqual(["demo.json"]);
  });

  it("is replaced whole, also one that others could read", () => {
    writeFileSync(join(home, "demo.json"), "x".repeat(10_000), { mode: 0o644 });
    const file = writeDemo(home, demo);
    expect(readDemo(home)).toEqual(demo);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each(["", "{", "null", '{"url":"u","key":"k"}', '{"url":"u","key":7,"tenant":"t"}'])(
    "with %j in it is taken for missing",
    (text) => {
      writeFileSync(join(home, "demo.json"), text);
      expect(readDemo(home)).toBeNull();
    },
  );

  it("may be missing, and its home too", () => {
    expect(readDemo(home)).toBeNull();
    expect(readDemo(join(home, "nowhere"))).toBeNull();
  });
});
