// One gateway that a scenario starts, kills, stops and starts again, on one home and one database; and the counts of
// what it said happened, over all its lives.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Door } from "./load.js";

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

export type GatewayOptions = {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Put before `node`: a tracer, a shell with other bounds. */
  readonly wrapper?: readonly string[];
  /** Options of `node`. */
  readonly nodeOptions?: readonly string[];
};

/**
 * Which paths of the recovery a run has been through: exchanges that were replayed, writes that were cut short, rows
 * that were there already, batches that were split around a bad row.
 */
export type Exercise = "replayed" | "torn" | "repeated" | "bisected";

const startTimeoutMs = 40_000;
const checkout = process.env["FAULT_CHECKOUT"] ?? fileURLToPath(new URL("../../..", import.meta.url));
const main = join(checkout, "dist/src/main.js");
const keptLines = 400;

export class GatewayProcess {
  readonly home: string;
  /** Changed between two lives, for the next one. */
  env: Record<string, string>;
  wrapper: readonly string[];
  /** The wrapper becomes the gateway, and is no process beside it. */
  wrapsByExec = false;
  readonly #nodeOptions: readonly string[];
  /** How often each named event was logged. */
  readonly counts = new Map<string, number>();
  readonly exercised: Record<Exercise, number> = { replayed: 0, torn: 0, repeated: 0, bisected: 0 };
  readonly lostIds = new Set<string>();
  readonly deadIds = new Set<string>();
  #lines: string[] = [];
  #child: ChildProcess | null = null;
  #door: Door | null = null;
  #lives = 0;
  readonly #listeners = new Set<(line: LogLine) => void>();

  constructor({ home, env, wrapper = [], nodeOptions = [] }: GatewayOptions) {
    this.home = home;
    this.env = { ...env };
    this.wrapper = wrapper;
    this.#nodeOptions = nodeOptions;
  }

  /** Where clients go; null while it is not ready. */
  readonly door = (): Door | null => this.#door;

  get lives(): number {
    return this.#lives;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it printed last, for a test that fails. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** The signal that ended its last life; null while it runs, or for an end of its own. */
  get endSignal(): NodeJS.Signals | null {
    return this.#child?.signalCode ?? null;
  }

  count(event: string): number {
    return this.counts.get(event) ?? 0;
  }

  onLine(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Spawns it, without waiting. */
  spawn(): ChildProcess {
    if (!existsSync(main)) throw new Error("dist/ is missing: run `npm run build` before this test");
    const [command, ...args] = [...this.wrapper, process.execPath, ...this.#nodeOptions, main, "start"];
    const child = spawn(command, args, {
      cwd: this.home,
      env: { PATH: process.env["PATH"], PORT: "0", LOOM_HOME: this.home, LOG_LEVEL: "debug", ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#lives += 1;
    let rest = "";
    const take = (text: Buffer): void => {
      const lines = (rest + text.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line, child);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("exit", (code, signal) => {
      if (this.#child === child) this.#door = null;
      this.#lines.push(`-- life ${this.#lives} ended: ${code ?? signal}`);
    });
    return child;
  }

  /** Starts it and waits until it is ready. Throws an Error with what it printed. */
  async start(): Promise<void> {
    const child = this.spawn();
    const deadline = performance.now() + startTimeoutMs;
    while (this.#door === null) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || performance.now() > deadline) {
        await this.kill();
        throw new Error(
          `the gateway ${ended ? "ended before it was ready" : "did not start in time"}:\n${this.output}`,
        );
      }
      await sleep(10);
    }
  }

  /** Runs a command of `loom` beside it and gives its exit code with all that it printed. */
  run(...args: readonly string[]): Promise<{ readonly code: number | null; readonly printed: string }> {
    const env = { PATH: process.env["PATH"], LOOM_HOME: this.home, ...this.env };
    const child = spawn(process.execPath, [main, ...args], { env, cwd: this.home, stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    child.stdout.on("data", (text) => (printed += String(text)));
    child.stderr.on("data", (text) => (printed += String(text)));
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, printed })));
  }

  /** SIGKILL, at once. Also what runs under the wrapper. */
  async kill(): Promise<void> {
    await this.signal("SIGKILL");
  }

  /** SIGTERM; resolves to the exit code, null for an end by a signal. */
  terminate(): Promise<number | null> {
    return this.signal("SIGTERM");
  }

  async signal(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null || !this.isRunning) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    if (signal === "SIGKILL") this.#door = null;
    for (const pid of this.pids().reverse()) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended meanwhile.
      }
      // A tracer ends with what it traces, and must not end before it.
      if (signal !== "SIGKILL") break;
    }
    return ended;
  }

  /** The process and, with a wrapper, its only child; the gateway itself comes last. */
  pids(): number[] {
    const pid = this.#child?.pid;
    if (pid === undefined || !this.isRunning) return [];
    if (this.wrapper.length === 0 || this.wrapsByExec) return [pid];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
    return [pid, ...children.filter((child) => child > 0)];
  }

  #take(line: string, child: ChildProcess): void {
    if (line.startsWith("{")) this.#takeEvent(line);
    else this.#keep(line);
    const url = /^\s*API\s+(http:\/\/[^\s/]+)/.exec(line)?.[1];
    if (url === undefined || this.#child !== child) return;
    const demo = JSON.parse(readFileSync(join(this.home, "demo.json"), "utf8")) as { key: string };
    this.#door = { url, key: demo.key };
  }

  #takeEvent(text: string): void {
    let line: LogLine;
    try {
      line = JSON.parse(text) as LogLine;
    } catch {
      // A life that was killed in the middle of a line.
      return this.#keep(text);
    }
    const name = line.msg ?? "";
    this.counts.set(name, this.count(name) + 1);
    if (name === "spool_replayed") {
      this.exercised.replayed += Number(line["exchanges"]);
      this.exercised.torn += Number(line["tornTails"]);
    }
    if (name === "traces_repeated") this.exercised.repeated += Number(line["rows"]);
    if (name === "batch_split") this.exercised.bisected += 1;
    if (name === "traces_lost") for (const id of line["ids"] as string[]) this.lostIds.add(id);
    if (name === "trace_dead") this.deadIds.add(String(line["id"]));
    if (line["level"] !== "debug" && name !== "exchange_failed" && name !== "ledger_checkpoint") this.#keep(text);
    for (const listener of this.#listeners) listener(line);
  }

  #keep(line: string): void {
    this.#lines.push(line.slice(0, 1000));
    if (this.#lines.length > keptLines) this.#lines = this.#lines.slice(-keptLines / 2);
  }
}
