// A process is known by more than its pid.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  isRunning,
  readProcessFiles,
  readProcessStart,
  waitForEnd,
} from "../../../../src/postgres/process-identity.js";

describe("process-identity", () => {
  it("knows this process, the same way each time", () => {
    expect(isRunning(process.pid)).toBe(true);
    expect(readProcessStart(process.pid)).toBe(readProcessStart(process.pid));
    expect(readProcessStart(process.pid)).not.toBe(readProcessStart(process.ppid));
  });

  it("finds nothing under a pid that cannot be", () => {
    expect(isRunning(2 ** 22 + 1)).toBe(false);
    expect(readProcessFiles(2 ** 22 + 1)).toEqual({ program: null, folder: null });
  });

  it.skipIf(process.platform !== "linux")("names program and folder", () => {
    expect(readProcessFiles(process.pid)).toEqual({ program: realpathSync(process.execPath), folder: process.cwd() });
  });

  it("takes a dead child that nobody collected for dead", async () => {
    // The shell becomes a program that never asks for its children.
    const parent = spawn("sh", ["-c", "sleep 0.01 & echo $!; exec sleep 30"]);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(await waitForEnd(pid, 5000)).toBe(true);
    expect(isRunning(pid)).toBe(false);
    process.kill(pid, 0);
    parent.kill("SIGKILL");
    await once(parent, "exit");
  });

  it("waits for the end of a process, but not for ever", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const pid = child.pid ?? 0;
    expect(await waitForEnd(pid, 60)).toBe(false);
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    expect(await waitForEnd(pid, 5000)).toBe(true);
    await exit;
  });
});
