// One gateway process as its supervisor sees it: forked, told its place, watched until it ends.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromProcess, SharedGround, ToProcess } from "./messages.js";

export type ProcessExit = { readonly code: number | null; readonly signal: string | null };
export type ReadyProcess = Extract<FromProcess, { readonly type: "ready" }>;

/** Marks the environment of a process that waits for its supervisor's word. No setting: those begin with LOOM_. */
export const supervisedVariable = "SUPERVISED_BY_LOOM";

export type SpawnOptions = {
  /** File URL of the compiled main.js. */
  readonly entry: URL;
  /** The arguments of the supervisor: the command and its options. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly ground: SharedGround;
  readonly onMessage: (message: FromProcess) => void;
};

export class GatewayProcess {
  /** Resolves when the process is gone. */
  readonly exited: Promise<ProcessExit>;
  readonly bootId: string;
  readonly #child: ChildProcess;
  #state: "starting" | "ready" | "stopping" | "gone" = "starting";

  constructor({ entry, args, env, ground, onMessage }: SpawnOptions) {
    this.bootId = ground.place.bootId;
    this.#child = fork(fileURLToPath(entry), [...args], { env: { ...env, [supervisedVariable]: "1" } });
    this.exited = new Promise((resolve) => {
      const end = (exit: ProcessExit): void => {
        this.#state = "gone";
        resolve(exit);
      };
      this.#child.once("exit", (code, signal) => end({ code, signal }));
      // It could not even be forked.
      this.#child.once("error", () => this.#child.pid === undefined && end({ code: null, signal: null }));
    });
    this.#child.on("message", (message: FromProcess) => {
      if (message.type === "ready" && this.#state === "starting") this.#state = "ready";
      onMessage(message);
    });
    this.send({ type: "start", ground });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get state(): "starting" | "ready" | "stopping" | "gone" {
    return this.#state;
  }

  send(message: ToProcess): void {
    // A process that is just ending takes nothing; its end is told by `exited`.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Resolves when the process has ended in order, or was killed after `deadlineMs`. */
  async stop(lingerMs: number, deadlineMs: number): Promise<void> {
    if (this.#state === "gone") return;
    this.#state = "stopping";
    this.send({ type: "stop", lingerMs });
    const deadline = setTimeout(() => this.kill(), deadlineMs);
    await this.exited;
    clearTimeout(deadline);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
