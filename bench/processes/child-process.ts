// Processes that the bench starts and ends by their own pid; whatever they print is kept for the case that they fail.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Started = {
  readonly pid: number;
  /** Resolves with the first match in what the process prints. Rejects when it ends or `timeoutMs` pass before. */
  waitForOutput(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>;
  /** Resolves once `url` answers with 200. */
  waitForUrl(url: string, timeoutMs: number): Promise<void>;
  /** SIGTERM, and SIGKILL for one that has not ended after `timeoutMs`. */
  stop(timeoutMs?: number): Promise<void>;
};

const outputKept = 64 * 1024;
const pollMs = 20;
const stopTimeoutMs = 20_000;

export function startProcess(
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Started {
  // Apart from the terminal, whose Ctrl-C would reach a gateway twice: from there, and from the bench that stops it.
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  // A bench that dies must not leave its world behind; a gateway that gets the signal stops its database itself.
  const endWithParent = (): void => void child.kill("SIGTERM");
  process.once("exit", endWithParent);
  child.once("exit", () => process.off("exit", endWithParent));
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-outputKept);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.on("error", (error) => keep(Buffer.from(`${error.message}\n`)));

  const poll = async <Found>(what: string, timeoutMs: number, look: () => Promise<Found | null>): Promise<Found> => {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (hasEnded(child)) throw new Error(`${name} ended before ${what}:\n${output}`);
      if (performance.now() > deadline) throw new Error(`${name} took over ${timeoutMs} ms for ${what}:\n${output}`);
      await sleep(pollMs);
    }
  };
  return {
    pid: child.pid ?? 0,
    waitForOutput: (pattern, timeoutMs) =>
      poll(`it printed ${pattern}`, timeoutMs, () => Promise.resolve(pattern.exec(output))),
    waitForUrl: async (url, timeoutMs) => {
      await poll(`${url} answered`, timeoutMs, async () => {
        const response = await fetch(url).catch(() => null);
        return response?.status === 200 ? true : null;
      });
    },
    stop: (timeoutMs = stopTimeoutMs) => stopChild(child, timeoutMs),
  };
}

/** A port that was free a moment ago, for programs that cannot choose one and say so. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function stopChild(child: ChildProcess, timeoutMs: number): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  await ended;
  clearTimeout(timer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
