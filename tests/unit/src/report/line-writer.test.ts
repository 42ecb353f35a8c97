import { describe, expect, it } from "vitest";
import { makeLineWriter } from "../../../../src/report/line-writer.js";

describe("lines that another thread writes", () => {
  it("are whole JSON lines, given away once", () => {
    const writer = makeLineWriter("info");
    writer.logger.info({ a: "one\ntwo" }, "first");
    writer.logger.warn("second");
    writer.logger.debug("below the level");
    const lines = writer.take();
    expect(lines.endsWith("\n")).toBe(true);
    const read = lines.trimEnd().split("\n");
    expect(read.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: "info", a: "one\ntwo", msg: "first" },
      { level: "warn", msg: "second" },
    ]);
    expect(writer.take()).toBe("");
  });
});
