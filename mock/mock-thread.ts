// Worker thread entry: the mock provider beside a running gateway, so that its work is not done on the main thread.
// workerData: { shape?, host?, port? }. Posts { port, url } once it listens; the message "stop" ends it.
import { parentPort, workerData } from "node:worker_threads";
import type { ServedShape } from "./endpoint.js";
import { startMockProvider } from "./mock-provider.js";

export type MockThreadOptions = { readonly shape?: ServedShape; readonly host?: string; readonly port?: number };
export type MockThreadReady = { readonly port: number; readonly url: string };

const port = parentPort;
if (port === null) throw new Error("mock-thread.js is a worker thread's entry; use `npm run mock` to start a server");

const given = (workerData ?? {}) as MockThreadOptions;
const provider = await startMockProvider({
  shape: given.shape ?? "both",
  host: given.host ?? "127.0.0.1",
  port: given.port ?? 0,
  receivedMax: 0,
});
port.on("message", (message: unknown) => {
  if (message !== "stop") return;
  void provider.close().then(() => port.close());
});
const ready: MockThreadReady = { port: provider.port, url: provider.url };
port.postMessage(ready);
