// Holds the import direction and the homes of libraries over the real tree, and proves each rule on a planted fault.
import { describe, expect, test } from "vitest";
import { findWrongDirections, roomOf } from "./rules/direction.js";
import { importsOf } from "./rules/imports.js";
import { findStrayLibraries } from "./rules/library-homes.js";
import { describeFaults, plant, readSources } from "./source-files.js";

const sources = readSources(["src", "workers", "mock", "otel", "bench"]);

describe("the tree", () => {
  test("was visited: phases, workers and leaves are all among the sources", () => {
    const rooms = new Set(sources.map((file) => roomOf(file.path)));
    expect([...rooms]).toEqual(expect.arrayContaining(["src/errors", "src/limits", "src/trace", "src/report"]));
    expect([...rooms]).toEqual(expect.arrayContaining(["src/listen", "src/forward", "src/tee", "workers", "mock"]));
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(sources.length);
  });

  test("is imported in one direction only", () => {
    expect(describeFaults(findWrongDirections(sources))).toEqual([]);
  });

  test("keeps each library in its home", () => {
    expect(describeFaults(findStrayLibraries(sources))).toEqual([]);
  });
});

describe("the direction rule", () => {
  test.each([
    ["a phase that imports a phase", "src/tee/tee.ts", `import { a } from "../forward/pools.js";`],
    ["a phase's type from a phase", "src/tee/tee.ts", `import type { A } from "../forward/pools.js";`],
    ["anything that imports the gateway", "src/cli/start.ts", `import { gateway } from "../gateway.js";`],
    ["a path file that imports Postgres", "src/provider-exchange.ts", `import { c } from "./postgres/connect.js";`],
    ["a path file that imports wiring", "src/gateway.ts", `import { start } from "./start.js";`],
    ["anything that imports main", "src/start.ts", `import "./main.js";`],
    ["main thread code that imports a worker", "src/hand-off/lane.ts", `import { x } from "../../workers/lane.js";`],
    ["a dynamic import of a worker", "src/main.ts", `const a = await import("../workers/lane.js");`],
    ["a re-export from a phase", "src/route/route.ts", `export { x } from "../tee/tee.js";`],
    ["a type import expression", "src/route/route.ts", `export type A = import("../tee/tee.js").A;`],
    ["a leaf that imports Loom", "src/errors/codes.ts", `import { limits } from "../limits.js";`],
    ["a value of report in trace", "src/trace/record.ts", `import { report } from "../report/report.js";`],
    ["a worker that imports a phase", "workers/lane.ts", `import { x } from "../src/hand-off/hand-off.js";`],
    ["a phase that reads the configuration itself", "src/tee/tee.ts", `import { r } from "../config/read-config.js";`],
    ["a mock that imports Loom", "mock/main.ts", `import { limits } from "../src/limits.js";`],
    ["a mock that imports a package", "mock/main.ts", `import { Pool } from "undici";`],
    ["a provider with network access", "src/providers/openai.ts", `import http from "node:http";`],
    ["a trace that reads files", "src/trace/frames.ts", `import { open } from "node:fs/promises";`],
    ["a room that nobody described", "src/cellar/wine.ts", `export const a = 1;`],
  ])("finds %s", (_what, path, text) => {
    expect(findWrongDirections(plant({ [path]: text }))).toHaveLength(1);
  });

  test.each([
    ["a worker named by its file URL", "src/hand-off/lane.ts", `const u = new URL("../../workers/lane.js", "file:");`],
    ["a phase that takes the configuration's types", "src/tee/tee.ts", `import type { C } from "../config/config.js";`],
    ["a type of report in trace", "src/trace/a.ts", `import type { LoomEvent } from "../report/events.js";`],
    ["a file of the same room", "src/tee/tee.ts", `import { a } from "./capture.js";`],
    ["main, which starts the gateway", "src/main.ts", `import { gateway } from "./gateway.js";`],
  ])("lets pass %s", (_what, path, text) => {
    expect(findWrongDirections(plant({ [path]: text }))).toEqual([]);
  });
});

describe("the library rule", () => {
  test.each([
    ["undici in a phase that is not its home", "src/tee/tee.ts", `import { Pool } from "undici";`],
    ["a part of a library", "src/tee/tee.ts", `import x from "undici/types/pool.js";`],
    ["a scoped library", "src/report/report.ts", `import { trace } from "@opentelemetry/api";`],
    ["a required addon", "src/gateway.ts", `const uws = require("uWebSockets.js");`],
    ["a resolved addon", "src/gateway.ts", `const path = require.resolve("uWebSockets.js");`],
    ["values where only types are at home", "src/administer/tenants.ts", `import { Pool } from "pg";`],
  ])("finds %s", (_what, path, text) => {
    expect(findStrayLibraries(plant({ [path]: text }))).toHaveLength(1);
  });

  test("lets a library pass at home, and its types where only they are", () => {
    const tree = plant({
      "src/forward/pools.ts": `import { Pool } from "undici";`,
      "src/administer/tenants.ts": `import type { Pool } from "pg"; import { type Client } from "pg";`,
    });
    expect(findStrayLibraries(tree)).toEqual([]);
  });
});
