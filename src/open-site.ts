// Opens what serves the record: the query pool, the worker that opens bodies, and the dashboard's files.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recordAuditEvent } from "./administer/audit-events.js";
import type { Database } from "./administer/database.js";
import type { Config } from "./config/config.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import type { KeyWatch } from "./keys/key-watch.js";
import { openWithKeys } from "./keys/open-with-keys.js";
import { limits } from "./limits.js";
import { LazyPrices } from "./prices/lazy-prices.js";
import { Reader } from "./query/reader.js";
import { DashboardFiles } from "./serve/dashboard-files.js";
import { QuerySite } from "./serve/query-site.js";
import type { BodyQuestion, BodySources } from "./serve/serve-bodies.js";

export type SiteGround = {
  readonly databaseUrl: string;
  readonly masterKeys: KeyWatch;
  /** May leave audit events. */
  readonly auditor: Database;
};

export type OpenedSite = { readonly site: QuerySite; stop(): Promise<void> };

export function openSite(config: Pick<Config, "retentionDays" | "otel">, ground: SiteGround): OpenedSite {
  const reader = new Reader(ground.databaseUrl, {
    name: "loom query",
    connections: limits.queryConnections,
    timeoutMs: limits.queryTimeoutMs,
  });
  const worker = openWorkerCalls(new URL("../workers/open-bodies.js", import.meta.url));
  const { databaseUrl, masterKeys, auditor } = ground;
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const open: BodySources["open"] = (question: BodyQuestion) =>
    openWithKeys(masterKeys, (keys) =>
      worker.call<Awaited<ReturnType<BodySources["open"]>>>("openBodies", {
        ...question,
        databaseUrl,
        masterKeys: keys,
      }),
    );
  const audit: BodySources["audit"] = async ({ caller, subject, details }) => {
    const actor = `key:${caller.apiKeyId}`;
    await recordAuditEvent(auditor, {
      actor,
      action: "body.open",
      tenantId: caller.tenant.id,
      subject,
      details,
      origin: null,
    });
  };
  const prices = new LazyPrices();
  const site = new QuerySite({
    reader,
    bodies: { open, audit },
    surroundings: { version, jaegerUrl: config.otel.jaegerUrl, retentionDays: config.retentionDays },
    linesOf: (question, recorded) => prices.linesOf(question, recorded),
    dashboard: new DashboardFiles(fileURLToPath(new URL("../../dashboard/dist", import.meta.url))),
    now: () => Date.now(),
  });
  return {
    site,
    stop: async () => {
      site.end();
      await Promise.all([reader.stop(), worker.stop()]);
    },
  };
}
