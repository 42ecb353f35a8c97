// The gateway that a good team would write first: bench/peers/classic-gateway.js, with a Postgres of its own.
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { meterFamilies } from "../cpu/cpu-meter.js";
import { startProcess } from "../processes/child-process.js";
import { startDatabase } from "./database.js";
import type { Peer } from "./peer.js";

const program = new URL("../../../bench/peers/classic-gateway.js", import.meta.url);
const key = "sk-classic-bench";
const startMs = 20_000;

export const classic: Peer = {
  name: "classic",
  async start({ home, peersHome, upstreamUrl }) {
    const modules = join(peersHome, "npm", "node_modules");
    if (!existsSync(join(modules, "fastify")) || !existsSync(join(modules, "undici"))) return null;
    // Beside its packages, since that is where Node looks for them.
    const entry = join(peersHome, "npm", "classic-gateway.mjs");
    copyFileSync(fileURLToPath(program), entry);
    const database = await startDatabase(join(home, "classic-database"));
    const started = startProcess("the classic gateway", process.execPath, [entry], {
      PATH: "/usr/bin:/bin",
      NODE_ENV: "production",
      PORT: "0",
      UPSTREAM: upstreamUrl,
      DATABASE_URL: database.url,
      CLIENT_KEY: key,
    });
    const stop = async (): Promise<void> => {
      await started.stop();
      await database.stop();
    };
    try {
      const [, url = ""] = await started.waitForOutput(/listening on (http:\/\/\S+)/, startMs);
      return {
        target: { name: "classic", url, key, meter: meterFamilies({ gateway: started.pid, postgres: database.pid }) },
        version: `(Fastify ${readVersion(modules, "fastify")}, undici ${readVersion(modules, "undici")})`,
        does: "Looks the key up once, then in memory; one INSERT with both bodies for each request, after the answer.",
        lacks: "encryption, a spool (a crash loses what is under way), retries, usage and cost, a ledger, spans.",
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

function readVersion(modules: string, name: string): string {
  return (JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")) as { version: string }).version;
}
