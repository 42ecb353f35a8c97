// The layout of postmaster.pid, as a running and as a half-started server leave it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLivePostmaster, parsePostmasterPid } from "../../../../src/postgres/postmaster.js";

const ready = "4711\n/home/data\n1795231000\n5432\n/home/socket\n\n  1234567  8901\nready   \n";

describe("postmaster", () => {
  it("reads pid, port, socket folder and status", () => {
    expect(parsePostmasterPid(ready)).toEqual({ pid: 4711, port: 5432, socketDir: "/home/socket", status: "ready" });
  });

  it("reads the file of a server that has just begun", () => {
    expect(parsePostmasterPid("4711\n/home/data\n1795231000\n5432\n")).toMatchObject({ pid: 4711, status: "unknown" });
  });

  it("takes a standalone backend's negative pid for what it is", () => {
    expect(parsePostmasterPid("-4711\n/home/data\n")?.pid).toBe(4711);
  });

  it.each(["", "\n", "no pid\n"])("finds no server in %j", (text) => {
    expect(parsePostmasterPid(text)).toBeNull();
  });

  it("does not take a living process that works elsewhere for the server", () => {
    const folder = mkdtempSync(join(tmpdir(), "loom-unit-"));
    expect(findLivePostmaster(folder)).toBeNull();
    writeFileSync(join(folder, "postmaster.pid"), ready.replace("4711", String(process.pid)));
    expect(findLivePostmaster(folder)).toBeNull();
    rmSync(folder, { recursive: true });
  });
});
