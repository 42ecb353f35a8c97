// Bifrost's HTTP gateway, a Go binary, with its request log in SQLite on.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meterFamilies } from "../cpu/cpu-meter.js";
import { findFreePort, startProcess } from "../processes/child-process.js";
import type { Peer } from "./peer.js";
import { runVersion } from "./run-version.js";

const startMs = 30_000;

export const bifrost: Peer = {
  name: "bifrost",
  async start({ home, peersHome, upstreamUrl }) {
    const program = join(peersHome, "bifrost", "bifrost-http");
    if (!existsSync(program)) return null;
    const folder = join(home, "bifrost");
    mkdirSync(folder);
    writeFileSync(join(folder, "config.json"), writeConfig(upstreamUrl, join(folder, "logs.db")));
    const port = await findFreePort();
    const args = ["-host", "127.0.0.1", "-port", String(port), "-app-dir", folder, "-log-level", "error"];
    const started = startProcess("Bifrost", program, args, { PATH: "/usr/bin:/bin", HOME: home });
    const url = `http://127.0.0.1:${port}`;
    try {
      await started.waitForUrl(`${url}/health`, startMs);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return {
      target: {
        name: "bifrost",
        url,
        key: "sk-bench",
        nameModel: (model) => `openai/${model}`,
        meter: meterFamilies({ gateway: started.pid }),
      },
      version: runVersion(program, ["-version"]),
      does: "Its request log in SQLite is on, written in batches after the answer.",
      lacks: "encryption and a record before the answer; keys of clients (its virtual keys) are off.",
      stop: () => started.stop(),
    };
  },
};

/** As its schema of 1.3 has it: a provider of OpenAI's shape at another address, the log store in SQLite. */
export function writeConfig(upstreamUrl: string, logFile: string): string {
  const keys = [{ name: "bench", value: "sk-bench-upstream", models: ["*"], weight: 1 }];
  return JSON.stringify({
    client: { drop_excess_requests: false, enable_logging: true, initial_pool_size: 1000 },
    providers: {
      openai: {
        keys,
        network_config: { base_url: upstreamUrl, max_retries: 0 },
        concurrency_and_buffer_size: { concurrency: 1000, buffer_size: 5000 },
      },
    },
    config_store: { enabled: false },
    logs_store: { enabled: true, type: "sqlite", config: { path: logFile } },
  });
}
