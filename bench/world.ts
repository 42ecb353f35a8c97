// The world of a run: mock provider, Loom, nginx and the load generator, each a process of its own on a free loopback
// port, in a temporary home that is removed with everything else at the end.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess } from "./child-process.js";
import { type CpuReading, type MeteredProcesses, readCpu } from "./cpu-meter.js";
import { LoadClient } from "./load-client.js";
import { type LoomOptions, type RunningLoom, startLoom } from "./loom-process.js";
import { startNginx } from "./nginx.js";

export type TargetName = "direct" | "nginx" | "loom";
export type Target = { readonly name: TargetName; readonly url: string; readonly key: string };

export type World = {
  /** Direct first; nginx only when it is installed. */
  readonly targets: readonly Target[];
  readonly generator: LoadClient;
  readonly loom: RunningLoom;
  readCpu(): CpuReading;
  stop(): Promise<void>;
};

export type WorldOptions = Pick<LoomOptions, "settings" | "profileFolder">;

const mockStartMs = 10_000;

/** Rejects with nothing left running. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), "loom-bench-"));
  chmodSync(home, 0o755);
  const closers: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const mockEntry = fileURLToPath(new URL("../mock/main.js", import.meta.url));
    const mockArguments = [mockEntry, "--quiet", "--openai-port", "0", "--azure-port", "0"];
    const mock = startProcess("the mock provider", process.execPath, mockArguments, { PATH: "/usr/bin:/bin" });
    closers.push(() => mock.stop());
    const [, mockUrl = ""] = await mock.waitForOutput(/OpenAI shape +(http:\/\/\S+?)\/v1/, mockStartMs);
    const nginx = await startNginx(home, mockUrl);
    if (nginx !== null) closers.push(() => nginx.process.stop());
    const loom = await startLoom({ ...options, home, upstreamUrl: mockUrl });
    closers.push(() => loom.stop());
    const generator = new LoadClient();
    closers.push(() => generator.stop());

    const processes: MeteredProcesses = {
      gatewayPid: loom.process.pid,
      threadNotes: loom.threadNotes,
      postmasterPid: loom.postmasterPid,
      nginxPid: nginx?.process.pid ?? null,
      mockPid: mock.pid,
      generatorPid: generator.pid,
    };
    const address = (origin: string): string => `${origin}/v1/chat/completions`;
    const targets: Target[] = [{ name: "direct", url: address(mockUrl), key: "sk-bench-direct" }];
    if (nginx !== null) targets.push({ name: "nginx", url: address(nginx.url), key: "sk-bench-direct" });
    targets.push({ name: "loom", url: address(loom.url), key: loom.key });
    return { targets, generator, loom, readCpu: () => readCpu(processes), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
