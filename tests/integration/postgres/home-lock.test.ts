// One holder a home, and no stale lock that keeps everybody out.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findHomeHolder, lockHome } from "../../../src/postgres/home-lock.js";
import { readProcessStart } from "../../../src/postgres/process-identity.js";

describe("the home lock", () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "loom-home-"));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  it("keeps a second holder out and says who the first is", async () => {
    const lock = await lockHome(home);
    expect(findHomeHolder(home)).toBe(process.pid);
    await expect(lockHome(home)).rejects.toThrow(`(pid ${process.pid})`);
    lock.release();
    expect(findHomeHolder(home)).toBeNull();
    (await lockHome(home)).release();
    expect(readdirSync(home)).toEqual([]);
  });

  it.each([
    ["a process that is gone", { pid: 2 ** 22 + 1, start: "x" }],
    ["an earlier process with the pid of a living one", { pid: process.ppid, start: "before" }],
  ])("is taken over from %s", async (_, holder) => {
    writeFileSync(join(home, "lock"), JSON.stringify(holder));
    const lock = await lockHome(home);
    expect(JSON.parse(readFileSync(lock.path, "utf8"))).toEqual({
      pid: process.pid,
      start: readProcessStart(process.pid),
    });
    lock.release();
  });

  it("is taken over when it says nothing that can be read", async () => {
    writeFileSync(join(home, "lock"), "");
    (await lockHome(home)).release();
  });

  it("is not released by a holder that lost it", async () => {
    const lock = await lockHome(home);
    writeFileSync(lock.path, "somebody else's");
    lock.release();
    expect(readFileSync(lock.path, "utf8")).toBe("somebody else's");
  });

  it("goes to exactly one of many that take over the same stale lock", async () => {
    writeFileSync(join(home, "lock"), JSON.stringify({ pid: 2 ** 22 + 1, start: "x" }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockHome(home)));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });
});
