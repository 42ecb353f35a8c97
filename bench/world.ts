// The world of a run: mock provider, Loom, nginx, peers and the load generator, each a process of its own on a free
// loopback port, in a temporary home that is removed with everything else at the end.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CpuReading, type Meter, meterFamilies, meterLoom, meterProcesses } from "./cpu/cpu-meter.js";
import { LoadClient } from "./load/load-client.js";
import type { LoadTarget } from "./load/loads.js";
import { type Peer, type PeerReport, startPeers } from "./peers/peer.js";
import { startProcess } from "./processes/child-process.js";
import { type LoomOptions, type RunningLoom, startLoom } from "./processes/loom-process.js";
import { startNginx } from "./processes/nginx.js";

/** `loom` and `peer` are gateways, whose record of a request is finished a moment after its answer. */
export type TargetKind = "direct" | "nginx" | "loom" | "peer";

export type Target = {
  readonly name: string;
  readonly kind: TargetKind;
  readonly url: string;
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the peer calls a model of the mock. */
  readonly nameModel?: (model: string) => string;
  /** CPU of the target's own processes. */
  readonly meter: Meter;
};

export type World = {
  /** Direct first, nginx when it is installed, Loom, then the peers. */
  readonly targets: readonly Target[];
  readonly generator: LoadClient;
  /** A second generator, for loads beside the measured one. */
  readonly background: LoadClient;
  readonly loom: RunningLoom;
  readonly peers: readonly PeerReport[];
  /** Another Loom in a home of its own, beside the first one; stopped by the caller, or with the world. */
  startLoom(name: string, options: Partial<WorldOptions>): Promise<RunningLoom & { readonly target: Target }>;
  /** How long a gateway is given after a load to finish its records, ms. */
  readonly settleMs: number;
  /** CPU of the mock and the generator. */
  readTools(): CpuReading;
  stop(): Promise<void>;
};

export type WorldOptions = Pick<LoomOptions, "settings" | "profileFolder" | "preload" | "probe">;
export type StartOptions = WorldOptions & {
  readonly peers: readonly Peer[];
  readonly peersHome: string;
  readonly settleMs: number;
};

const mockStartMs = 20_000;

/** Rejects with nothing left running. */
export async function startWorld(options: StartOptions): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), "loom-bench-"));
  chmodSync(home, 0o755);
  const closers: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const mock = startMock();
    closers.push(() => mock.stop());
    const [, mockUrl = ""] = await mock.waitForOutput(/OpenAI shape +(http:\/\/\S+?)\/v1/, mockStartMs);
    const targets: Target[] = [
      { name: "direct", kind: "direct", url: chatUrl(mockUrl), key: "sk-bench-direct", meter: () => ({}) },
    ];
    const nginx = await startNginx(home, mockUrl);
    if (nginx !== null) {
      closers.push(() => nginx.process.stop());
      const meter = meterFamilies({ nginx: nginx.process.pid });
      targets.push({ name: "nginx", kind: "nginx", url: chatUrl(nginx.url), key: "sk-bench-direct", meter });
    }
    const startOne = async (name: string, own: Partial<WorldOptions>): ReturnType<World["startLoom"]> => {
      const settings = { ...options.settings, ...own.settings };
      const loom = await startLoom({ ...options, ...own, settings, home: join(home, name), upstreamUrl: mockUrl });
      closers.push(() => loom.stop());
      return { ...loom, target: targetOf(name, loom) };
    };
    const loom = await startOne("loom", {});
    targets.push(loom.target);
    const peers = await startPeers(options.peers, { home, peersHome: options.peersHome, upstreamUrl: mockUrl });
    for (const peer of peers) {
      if (peer.state !== "runs") continue;
      closers.push(() => peer.stop());
      targets.push({ ...peer.target, kind: "peer", url: chatUrl(peer.target.url) });
    }
    const generator = new LoadClient();
    closers.push(() => generator.stop());
    const background = new LoadClient();
    closers.push(() => background.stop());
    const readTools = meterProcesses({ mock: mock.pid, generator: generator.pid });
    const { settleMs } = options;
    return { targets, settleMs, generator, background, loom, peers, startLoom: startOne, readTools, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the generator needs to know of a target. */
export function loadOf({ url, key, headers, nameModel }: Target, body: string): LoadTarget {
  const named = nameModel === undefined ? body : renameModel(body, nameModel);
  return { url, key, body: named, ...(headers === undefined ? {} : { headers }) };
}

export function renameModel(body: string, nameModel: (model: string) => string): string {
  const fields = JSON.parse(body) as { model: string };
  return JSON.stringify({ ...fields, model: nameModel(fields.model) });
}

/** The targets that are compared byte for byte and row for row: all but the peers. */
export function ownTargets(world: World): Target[] {
  return world.targets.filter(({ kind }) => kind !== "peer");
}

function startMock(): ReturnType<typeof startProcess> {
  const entry = fileURLToPath(new URL("../mock/main.js", import.meta.url));
  const args = [entry, "--quiet", "--openai-port", "0", "--azure-port", "0"];
  return startProcess("the mock provider", process.execPath, args, { PATH: "/usr/bin:/bin" });
}

function targetOf(name: string, loom: RunningLoom): Target {
  return { name, kind: "loom", url: chatUrl(loom.url), key: loom.key, meter: meterLoom(loom) };
}

function chatUrl(origin: string): string {
  return `${origin}/v1/chat/completions`;
}
