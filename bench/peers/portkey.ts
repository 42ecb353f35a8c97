// Portkey's open-source gateway, from npm. It takes the provider from headers and keeps no record of its own.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { meterFamilies } from "../cpu/cpu-meter.js";
import { findFreePort, startProcess } from "../processes/child-process.js";
import type { Peer } from "./peer.js";

const startMs = 30_000;

export const portkey: Peer = {
  name: "portkey",
  async start({ home, peersHome, upstreamUrl }) {
    const folder = join(peersHome, "npm", "node_modules", "@portkey-ai", "gateway");
    if (!existsSync(folder)) return null;
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
    const port = await findFreePort();
    const args = [join(folder, "build", "start-server.js"), `--port=${port}`, "--headless"];
    const env = { PATH: "/usr/bin:/bin", HOME: home, NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: "127.0.0.1" };
    const started = startProcess("Portkey", process.execPath, args, env);
    const url = `http://127.0.0.1:${port}`;
    try {
      await started.waitForUrl(`${url}/`, startMs);
    } catch (error) {
      await started.stop();
      throw error;
    }
    const headers = { "x-portkey-provider": "openai", "x-portkey-custom-host": `${upstreamUrl}/v1` };
    return {
      target: {
        name: "portkey",
        url,
        key: "sk-bench-upstream",
        headers,
        meter: meterFamilies({ gateway: started.pid }),
      },
      version,
      does: "Passes the client's key on to the provider; its console with live logs is off.",
      lacks: "authentication of its own and any record: both belong to its hosted service.",
      stop: () => started.stop(),
    };
  },
};
