import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { charactersMax, layOutJson, linesMax, visibleLines } from "../../../../dashboard/src/trace/json-lines.js";

describe("JSON in lines", () => {
  test("has every value of the text, and folds to one line", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const layout = layOutJson(json);
        if (layout.kind !== "lines") throw new Error("it is small and valid");
        const opened = layout.lines.filter((line) => line.kind === "open");
        expect(layout.lines.filter((line) => line.kind === "close")).toHaveLength(opened.length);
        for (const [at, line] of layout.lines.entries()) {
          if (line.kind === "open") expect(layout.lines[line.closeAt]?.depth).toBe(line.depth);
          if (line.kind === "open" && at === 0) expect(visibleLines(layout.lines, new Set([0]))).toEqual([0]);
        }
        expect(visibleLines(layout.lines, new Set())).toHaveLength(layout.lines.length);
      }),
    );
  });

  test("says that it is too large, by characters and by values, and shows the begin", () => {
    expect(layOutJson(`"${"a".repeat(charactersMax)}"`).kind).toBe("too-large");
    expect(layOutJson(JSON.stringify(Array.from({ length: linesMax + 1 }, () => 1))).kind).toBe("too-large");
  });

  test("keeps a text that is no JSON as it is", () => {
    expect(layOutJson("data: {}\n\n")).toEqual({ kind: "text", text: "data: {}\n\n" });
  });
});
