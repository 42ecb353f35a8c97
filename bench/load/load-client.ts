// The bench's end of the generator's process.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type {
  ClosedLoad,
  ClosedResult,
  KeyedLoad,
  Load,
  LoadAnswer,
  LoadResult,
  OpenLoad,
  OpenResult,
  StreamsLoad,
  StreamsResult,
} from "./loads.js";

/** The generator's own time-outs come first; this one is for a generator that hangs. */
const graceMs = 10_000;

export class LoadClient {
  readonly #child: ChildProcess;

  /** `entry` is the compiled load-process.js. */
  constructor(entry = new URL("./load-process.js", import.meta.url)) {
    this.#child = fork(fileURLToPath(entry), [], { serialization: "advanced", execArgv: [] });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  run(load: ClosedLoad | KeyedLoad): Promise<ClosedResult>;
  run(load: OpenLoad): Promise<OpenResult>;
  run(load: StreamsLoad): Promise<StreamsResult>;
  /** One load at a time. Rejects when the generator ends, hangs or fails. */
  run(load: Load): Promise<LoadResult> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        child.off("message", onMessage);
        child.off("exit", onExit);
        end();
      };
      const onMessage = (message: unknown): void => {
        const answer = message as LoadAnswer;
        if (answer.kind === "result") settle(() => resolve(answer.result));
        else settle(() => reject(new Error(`the load generator failed: ${answer.message}`)));
      };
      const onExit = (): void => settle(() => reject(new Error("the load generator ended")));
      const timer = setTimeout(
        () => settle(() => reject(new Error("the load generator hangs"))),
        load.timeoutMs + (load.kind === "open" ? load.durationMs : 0) + graceMs,
      );
      child.on("message", onMessage);
      child.on("exit", onExit);
      child.send(load);
    });
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
