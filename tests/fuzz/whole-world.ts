// A whole gateway: the compiled process with its lanes and a database.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrontEndName } from "../../src/listen/front-end.js";
import { startTestGateway } from "../support/gateway.js";
import { HostileProvider } from "./hostile-provider.js";
import { type FuzzWorld, fuzzTimes } from "./world.js";

const { bodyTimeoutMs, writeTimeoutMs, exchangeTimeoutMs, ...upstream } = fuzzTimes;
const stopMsMax = 10_000;

export async function openWholeWorld(name: FrontEndName): Promise<FuzzWorld> {
  const provider = new HostileProvider();
  const providerPort = await provider.start();
  const file = join(tmpdir(), `loom-fuzz-${process.pid}-${name}.json`);
  writeFileSync(file, JSON.stringify({ listen: { bodyTimeoutMs, writeTimeoutMs, exchangeTimeoutMs }, upstream }));
  const gateway = await startTestGateway({
    LOOM_FRONT_END: name,
    LOG_LEVEL: "error",
    OPENAI_API_KEY: "sk-upstream",
    OPENAI_BASE_URL: `http://127.0.0.1:${providerPort}/v1`,
    LOOM_CONFIG: file,
  });
  await gateway.loom(["tenant", "create", "other"]);
  const { stdout } = await gateway.loom(["key", "create", "--tenant", "other", "--json"]);
  const { key } = JSON.parse(stdout) as { key: string };
  const pid = gateway.child.pid ?? 0;
  return {
    port: Number(new URL(gateway.url).port),
    keys: [gateway.key, key],
    provider,
    isAlive: () => gateway.child.exitCode === null,
    rssBytes: () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024,
    async finish() {
      const faults: string[] = [];
      if ((await fetch(`${gateway.url}/healthz`)).status !== 200) faults.push("/healthz does not answer");
      const startedAtMs = performance.now();
      // Waits for open exchanges: one without an end would make it late.
      const exitCode = await gateway.stop();
      const stopMs = Math.round(performance.now() - startedAtMs);
      if (exitCode !== 0) faults.push(`the process ended with ${exitCode}`);
      if (stopMs > stopMsMax) faults.push(`the process took ${stopMs} ms to stop`);
      if (gateway.output().includes("unforeseen")) faults.push(gateway.output().slice(-2000));
      const { rows } = await gateway.pool.query<{ missing: number; traces: number; dead: number }>(
        `SELECT (SELECT coalesce(sum(last - n), 0)::int FROM
           (SELECT max(seq) AS last, count(*) AS n FROM loom.traces GROUP BY boot_id, lane) AS lanes) AS missing,
           (SELECT count(*)::int FROM loom.traces) AS traces, (SELECT count(*)::int FROM loom.dead_traces) AS dead`,
      );
      const { missing = -1, traces = -1, dead = -1 } = rows[0] ?? {};
      if (missing !== 0 || dead !== 0) faults.push(`${missing} numbers have no row, and ${dead} rows are dead`);
      return { figures: { traces, stopMs }, faults };
    },
    async close() {
      provider.close();
      await gateway.close();
      rmSync(file, { force: true });
    },
  };
}
