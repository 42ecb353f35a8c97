// Holds the pages against the code: the limits, the folders on the path, the change log and the length of the README.
import { describe, expect, test } from "vitest";
import { limits } from "../../src/limits.js";
import { writeLimitsPage } from "./rules/limits-page.js";
import { listFiles, parseSource, plant, readText } from "./source-files.js";

const readmeLinesMax = 150;

/** The folders of src that a page does not name as `folder/`. */
function foldersNotNamed(page: string, folders: readonly string[]): string[] {
  return folders.filter((folder) => !new RegExp(`(^|[^\\w-])${folder}/`, "m").test(page));
}

/** Whether a change log has a heading for what is not released yet, before any other version. */
function hasUnreleased(page: string): boolean {
  return /^## \[?Unreleased\b/.test(/^## .*$/m.exec(page)?.[0] ?? "");
}

describe("the pages", () => {
  test("docs/limits.md says what src/limits.ts says", async () => {
    const page = writeLimitsPage(parseSource("src/limits.ts", readText("src/limits.ts")), limits);
    await expect(page).toMatchFileSnapshot("../../docs/limits.md");
  });

  test("docs/life-of-a-request.md names every folder of src", () => {
    const folders = new Set(listFiles(["src"]).flatMap((path) => path.match(/^src\/([^/]+)\//)?.[1] ?? []));
    expect(folders.size).toBeGreaterThan(8);
    expect(foldersNotNamed(readText("docs/life-of-a-request.md"), [...folders])).toEqual([]);
  });

  test("CHANGELOG.md opens with what is not released", () => {
    expect(hasUnreleased(readText("CHANGELOG.md"))).toBe(true);
  });

  test("README.md stays a page that is read", () => {
    const lines = readText("README.md").trimEnd().split("\n").length;
    expect(lines).toBeGreaterThan(20);
    expect(lines).toBeLessThanOrEqual(readmeLinesMax);
  });
});

describe("the page rules", () => {
  const source = (reason: string, value: string): string =>
    `export const limits = {\n  ${reason}\n  bodyBytesMax: ${value},\n} as const;\nassert(1 < 2, "one fits into two");\n`;

  test("write value, unit, reason and relations, so that a change of any changes the page", () => {
    const write = (reason: string, value: number): string =>
      writeLimitsPage(plant({ "src/limits.ts": source(reason, String(value)) })[0]!, { bodyBytesMax: value });
    const page = write("/** Enough for a body. */", 2048);
    expect(page).toContain("| `bodyBytesMax` | 2 KiB | Enough for a body. |");
    expect(page).toContain("- one fits into two");
    expect(write("/** Enough for a body. */", 4096)).not.toBe(page);
    expect(write("/** Another reason. */", 2048)).not.toBe(page);
    expect(() => write("", 2048)).toThrow("no comment");
  });

  test("find a folder that is not named, and take no longer name for it", () => {
    expect(foldersNotNamed("then `src/hand-off/` and tee/", ["tee", "hand-off", "off", "route"])).toEqual([
      "off",
      "route",
    ]);
  });

  test("find a change log whose first section is a version, or that has none", () => {
    expect(hasUnreleased("# Changelog\n\n## Unreleased\n\n- a\n\n## 0.1.0\n")).toBe(true);
    expect(hasUnreleased("# Changelog\n\n## [Unreleased]\n")).toBe(true);
    expect(hasUnreleased("# Changelog\n\n## 0.1.0\n\n## Unreleased\n")).toBe(false);
    expect(hasUnreleased("# Changelog\n")).toBe(false);
  });
});
