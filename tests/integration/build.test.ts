// The build: it runs when a source is newer than what was built, and never leaves half of one behind.
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

// Several runs of a real compiler, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Build = (
  root: string,
  options?: { always?: boolean; warn?: (line: string) => void },
) => "fresh" | "built" | "stale";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const { buildIfNeeded } = (await import(join(repository, "bin/build.js"))) as { buildIfNeeded: Build };

let root: string;
const main = () => join(root, "dist/src/main.js");
const past = new Date(Date.now() - 60_000);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "loom-build-"));
  for (const folder of ["src/inner", "node_modules"]) mkdirSync(join(root, folder), { recursive: true });
  symlinkSync(join(repository, "node_modules/typescript"), join(root, "node_modules/typescript"));
  cpSync(join(repository, "bin"), join(root, "bin"), { recursive: true });
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    rootDir: ".",
    outDir: "dist",
    types: [],
    lib: ["es2023", "dom"],
  };
  writeFileSync(join(root, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  writeFileSync(join(root, "src/main.ts"), 'import { word } from "./inner/word.js";\nconsole.log(word);\n');
  writeFileSync(join(root, "src/inner/word.ts"), 'export const word: string = "one";\n');
  for (const path of ["tsconfig.json", "src/main.ts", "src/inner/word.ts", "src/inner", "src"]) {
    utimesSync(join(root, path), past, past);
  }
});
afterEach(() => rmSync(root, { recursive: true }));

function loom(): Promise<{ code: number | null; out: string; error: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, "bin/loom.js")]);
    let out = "";
    let error = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      error += chunk.toString();
    });
    child.on("close", (code) => resolve({ code, out, error }));
  });
}

/** Puts a compiler in place that notes each of its runs. */
function countBuilds(): void {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const real = JSON.stringify(join(repository, "node_modules/typescript/bin/tsc"));
  rmSync(join(root, "node_modules/typescript"));
  mkdirSync(join(compiler, ".."), { recursive: true });
  writeFileSync(join(root, "node_modules/typescript/package.json"), '{"type":"commonjs"}');
  const note = `require("node:fs").appendFileSync(${JSON.stringify(join(root, "builds"))}, "x");`;
  writeFileSync(
    compiler,
    `${note}\nrequire("node:child_process").execFileSync(process.execPath, [${real}, ...process.argv.slice(2)]);\n`,
  );
}

describe("a start", () => {
  test("builds what is missing, once, and then finds it fresh", async () => {
    expect(await loom()).toEqual({ code: 0, out: "one\n", error: "" });
    const { mtimeMs } = statSync(main());
    expect(buildIfNeeded(root)).toBe("fresh");
    expect(statSync(main()).mtimeMs).toBe(mtimeMs);
    expect(existsSync(join(root, "dist/.building"))).toBe(false);
  });

  test("builds again after a file was changed or removed", async () => {
    expect(buildIfNeeded(root)).toBe("built");
    writeFileSync(join(root, "src/inner/word.ts"), 'export const word: string = "two";\n');
    expect((await loom()).out).toBe("two\n");
    writeFileSync(join(root, "src/inner/spare.ts"), "export {};\n");
    expect(buildIfNeeded(root)).toBe("built");
    rmSync(join(root, "src/inner/spare.ts"));
    expect(buildIfNeeded(root)).toBe("built");
    expect(buildIfNeeded(root)).toBe("fresh");
  });

  test("beside others builds once, and all run", async () => {
    countBuilds();
    const runs = await Promise.all([loom(), loom(), loom()]);
    for (const run of runs) expect(run).toEqual({ code: 0, out: "one\n", error: "" });
    expect(readFileSync(join(root, "builds"), "utf8")).toBe("x");
    expect(existsSync(join(root, "dist/.building"))).toBe(false);
  });

  test("takes over from a build that was killed", () => {
    mkdirSync(join(root, "dist"));
    // Above the largest process number that Linux gives out.
    writeFileSync(join(root, "dist/.building"), "4194305");
    expect(buildIfNeeded(root)).toBe("built");
  });

  test("does not run what does not compile, and says where", async () => {
    writeFileSync(
      join(root, "src/main.ts"),
      'import { word } from "./inner/word.js";\nconst n: number = word;\nconsole.log(n);\n',
    );
    const { code, out, error } = await loom();
    expect([code, out]).toEqual([1, ""]);
    expect(error).toMatch(/^error: The sources do not compile:\nsrc\/main\.ts\(2,7\)/);
    expect(buildIfNeeded.bind(null, root)).toThrow(/do not compile/);
  });
});

describe("without a compiler", () => {
  beforeEach(() => rmSync(join(root, "node_modules"), { recursive: true }));

  test("and without a build, a start says what to run", async () => {
    expect(await loom()).toEqual({
      code: 1,
      out: "",
      error: "error: dist/ cannot be built: TypeScript is not installed. Run: npm ci --include=dev\n",
    });
  });

  test("an older build is started, with a warning", async () => {
    mkdirSync(join(root, "dist/src"), { recursive: true });
    writeFileSync(main(), 'console.log("older");\n');
    const { code, out, error } = await loom();
    expect([code, out]).toEqual([0, "older\n"]);
    expect(error).toMatch(/^warning: dist\/ is older than the sources/);
  });

  test("a package without sources is started at once", async () => {
    mkdirSync(join(root, "dist/src"), { recursive: true });
    writeFileSync(main(), 'console.log("packed");\n');
    rmSync(join(root, "src"), { recursive: true });
    expect(await loom()).toEqual({ code: 0, out: "packed\n", error: "" });
  });
});

const isRoot = process.getuid?.() === 0;
const reason = isRoot ? " (skipped: root may write anywhere)" : "";

test.skipIf(isRoot)(`a folder that is not writable is named${reason}`, () => {
  mkdirSync(join(root, "dist"), { mode: 0o500 });
  expect(() => buildIfNeeded(root)).toThrow(/is not writable \(EACCES\)/);
});

test("finding nothing to do in Loom's own tree looks at times of files only", () => {
  const copy = join(root, "copy");
  for (const folder of ["src", "workers", "mock"])
    cpSync(join(repository, folder), join(copy, folder), { recursive: true });
  mkdirSync(join(copy, "dist"));
  writeFileSync(join(copy, "dist/.built"), "");
  const ahead = new Date(Date.now() + 60_000);
  utimesSync(join(copy, "dist/.built"), ahead, ahead);
  // There is no compiler in the copy: anything but a look would throw.
  expect(buildIfNeeded(copy)).toBe("fresh");
});
