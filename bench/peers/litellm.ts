// LiteLLM's proxy, from a Python environment: one worker, a master key, and spend logs in Postgres where it can.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meterFamilies } from "../cpu/cpu-meter.js";
import { findFreePort, startProcess } from "../processes/child-process.js";
import type { Peer } from "./peer.js";
import { runVersion } from "./run-version.js";

const key = "sk-litellm-bench";
const startMs = 120_000;

export const litellm: Peer = {
  name: "litellm",
  async start({ home, peersHome, upstreamUrl }) {
    const program = join(peersHome, "litellm", "bin", "litellm");
    if (!existsSync(program)) return null;
    const port = await findFreePort();
    const config = join(home, "litellm.yaml");
    writeFileSync(config, writeConfig(upstreamUrl));
    const started = startProcess(
      "LiteLLM",
      program,
      ["--config", config, "--host", "127.0.0.1", "--port", String(port), "--num_workers", "1"],
      {
        PATH: `${join(peersHome, "litellm", "bin")}:/usr/bin:/bin`,
        HOME: home,
        LITELLM_LOG: "ERROR",
        LITELLM_MODE: "PRODUCTION",
        // It would fetch its list of prices from the internet.
        LITELLM_LOCAL_MODEL_COST_MAP: "True",
        LITELLM_TELEMETRY: "False",
        OPENAI_API_KEY: "sk-bench-upstream",
      },
    );
    const url = `http://127.0.0.1:${port}`;
    try {
      await started.waitForUrl(`${url}/health/liveliness`, startMs);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return {
      target: { name: "litellm", url, key, meter: meterFamilies({ gateway: started.pid }) },
      version: runVersion(join(peersHome, "litellm", "bin", "python"), [
        "-c",
        "import importlib.metadata as m; print(m.version('litellm'))",
      ]),
      does: "One worker, as documented for one core; its master key as the client's key.",
      lacks:
        "any recording: spend logs need a Prisma engine that its package downloads when a database is set up, and no network is used here. What it would cost is not in its figures.",
      stop: () => started.stop(),
    };
  },
};

/** Every model name goes to the mock. */
export function writeConfig(upstreamUrl: string): string {
  return `model_list:
  - model_name: "*"
    litellm_params:
      model: "openai/*"
      api_base: "${upstreamUrl}/v1"
      api_key: sk-bench-upstream
litellm_settings:
  num_retries: 0
  request_timeout: 60
  telemetry: false
general_settings:
  master_key: ${key}
`;
}
