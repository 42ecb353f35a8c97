// The mock provider beside a running gateway: a real server in a thread of its own.
import { Worker } from "node:worker_threads";
import type { ProviderSettings } from "./config/config.js";

export type RunningMock = { readonly settings: ProviderSettings; stop(): Promise<void> };

/** Starts the server on a free loopback port. */
export async function startMock(): Promise<RunningMock> {
  const worker = new Worker(new URL("../mock/mock-thread.js", import.meta.url), {
    workerData: { shape: "openai" },
    env: {},
  });
  const { url } = await new Promise<{ url: string }>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  // A mock that fails later is a provider that cannot be reached; the gateway goes on.
  worker.on("error", () => {});
  return {
    settings: {
      name: "mock",
      kind: "mock",
      baseUrl: `${url}/v1`,
      credential: null,
      auth: "none",
      apiVersion: null,
      deployments: {},
      trusted: true,
    },
    async stop() {
      await worker.terminate();
    },
  };
}
