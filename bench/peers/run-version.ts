// What a program says its version is.
import { spawnSync } from "node:child_process";

const timeoutMs = 20_000;

/** The first line that it prints; `of unknown version` when it prints none. */
export function runVersion(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, [...args], { encoding: "utf8", timeout: timeoutMs, env: {} });
  const line = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n")[0]?.trim() ?? "";
  return line === "" ? "of unknown version" : line;
}
