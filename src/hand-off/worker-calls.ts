// Calls of worker functions that are no lane's business and answer once, such as opening a sealed credential:
// a small pool beside the lanes, so that keys stay off the main thread.
import { Piscina } from "piscina";

export type WorkerCalls = {
  /** Runs the export `name` of the worker file. Rejects with an Error when the worker threw. */
  call<Answer>(name: string, input: unknown): Promise<Answer>;
  stop(): Promise<void>;
};

/** `file` is the URL of a compiled worker module; its thread starts at the first call and ends when idle. */
export function openWorkerCalls(file: URL, env: Readonly<Record<string, string>> = {}): WorkerCalls {
  const pool = new Piscina({
    filename: file.href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: 30_000,
    atomics: "disabled",
    env: { ...env },
  });
  return {
    call: async <Answer>(name: string, input: unknown) => (await pool.run(input, { name })) as Answer,
    stop: () => pool.destroy(),
  };
}
