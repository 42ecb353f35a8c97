// Calls providers with the settings and the key that a gateway would use, to tell whether they work: their list of
// models, or a chat of one token where a model is given.
import type { OpenCredential, ProviderRow } from "./authenticate/load-caller.js";
import { readProvider } from "./authenticate/load-caller.js";
import type { Config, ProviderSettings } from "./config/config.js";
import { LoomError } from "./errors/loom-error.js";
import { type ForwardTarget, forward } from "./forward/forward.js";
import { Pools } from "./forward/pools.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import { masterKeySource } from "./keys/master-key-source.js";
import { withDatabase } from "./open-database.js";
import { listModels, type UpstreamCall } from "./providers/provider.js";
import { providerOf } from "./providers/provider-table.js";

export type ProbeRequest = {
  /** One provider, or all when null. */
  readonly name: string | null;
  /** Whose own providers; null: those of the configuration. */
  readonly tenant: string | null;
  /** For a chat of one token; null asks for the list of models. */
  readonly model: string | null;
};

export type ProviderProbe = {
  readonly name: string;
  readonly kind: string;
  readonly baseUrl: string;
  readonly state: "ok" | "failed";
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly latencyMs: number;
  /** What was found, or what is wrong, in plain words. */
  readonly detail: string;
};

const probeTimeoutMs = 15_000;
const answerBytesMax = 4 * 1024 * 1024;

type Answer = { readonly status: number; readonly body: Buffer };

function send(pools: Pools, target: ForwardTarget): Promise<Answer> {
  const timeouts = {
    firstByteTimeoutMs: probeTimeoutMs,
    idleTimeoutMs: probeTimeoutMs,
    totalTimeoutMs: probeTimeoutMs,
  };
  return new Promise((resolve, reject) => {
    let status = 0;
    const parts: Buffer[] = [];
    let bytes = 0;
    const run = forward(
      { targets: [target], clientHeaders: new Map(), timeouts, startedAtMs: performance.now() },
      pools,
      {
        onHead: (_target, headStatus) => {
          status = headStatus;
        },
        onBytes: (part) => {
          parts.push(part);
          bytes += part.length;
          if (bytes <= answerBytesMax) return;
          run.abort(null);
          resolve({ status, body: Buffer.concat(parts) });
        },
        onEnd: () => resolve({ status, body: Buffer.concat(parts) }),
        onFault: reject,
      },
    );
  });
}

function parsed(body: Buffer): { data?: unknown[]; error?: { message?: unknown } } {
  try {
    return (JSON.parse(body.toString("utf8")) ?? {}) as { data?: unknown[] };
  } catch {
    return {};
  }
}

function describeAnswer({ status, body }: Answer, model: string | null): string {
  const { data, error } = parsed(body);
  const { message } = error ?? {};
  if (status >= 400) return `HTTP ${status}${typeof message === "string" ? `: ${message.slice(0, 200)}` : ""}`;
  if (model !== null) return `answered for ${model}`;
  return Array.isArray(data) ? `${data.length} models` : "answered, but not with a list of models";
}

function callOf(settings: ProviderSettings, model: string | null): { call: UpstreamCall; body: Buffer | null } | null {
  const provider = providerOf(settings.kind);
  if (model === null) {
    const call = provider.call(listModels, settings, "");
    return call === null ? null : { call, body: null };
  }
  const chat = { method: "POST", path: "/chat/completions", query: "", apiVersion: null };
  const call = provider.call(chat, settings, model);
  const messages = [{ role: "user", content: "Hi" }];
  const fields = { model: provider.bodyModel(settings, model), messages, max_completion_tokens: 1 };
  return call === null ? null : { call, body: Buffer.from(JSON.stringify(fields)) };
}

async function probe(pools: Pools, settings: ProviderSettings, owner: string, model: string | null) {
  const startedAtMs = performance.now();
  const { name, kind, baseUrl } = settings;
  const result = (state: ProviderProbe["state"], status: number | null, detail: string): ProviderProbe => {
    return { name, kind, baseUrl, state, status, latencyMs: Math.round(performance.now() - startedAtMs), detail };
  };
  const lacking = providerOf(settings.kind).lacks(settings);
  if (lacking !== null) return result("failed", null, lacking);
  try {
    const made = callOf(settings, model);
    if (made === null) return result("failed", null, "it has no list of models: name one with --model");
    const answer = await send(pools, { providerName: name, model: model ?? "", owner, ...made });
    return result(answer.status < 400 ? "ok" : "failed", answer.status, describeAnswer(answer, model));
  } catch (error) {
    if (!(error instanceof LoomError)) throw error;
    const reason = error.cause instanceof Error && error.cause.message !== "" ? ` (${error.cause.message})` : "";
    return result("failed", null, `${error.message}${reason}`);
  }
}

/** A tenant's own providers, with their keys opened. */
function readTenantProviders(config: Config, tenant: string): Promise<{ id: string; providers: ProviderSettings[] }> {
  return withDatabase(config, async (db) => {
    const worker = openWorkerCalls(new URL("../workers/credentials.js", import.meta.url));
    try {
      const masterKeys = (await masterKeySource(config).read()).keys.reveal();
      const open: OpenCredential = (sealed) =>
        worker.call<string>("openCredential", { ...sealed, sealed: Buffer.from(sealed.sealed, "base64"), masterKeys });
      const { rows } = await db.query<ProviderRow & { tenant_id: string; key_salt: Buffer | null }>(
        `SELECT t.id AS tenant_id, t.key_salt, p.provider, p.kind, p.settings,
                translate(encode(p.credentials, 'base64'), E'\\n', '') AS credentials
           FROM loom.tenants t JOIN loom.provider_configs p ON p.tenant_id = t.id WHERE t.name = $1
          ORDER BY p.provider`,
        [tenant],
      );
      const providers = await Promise.all(rows.map((row) => readProvider(row, row, open)));
      return { id: rows[0]?.tenant_id ?? "", providers };
    } finally {
      await worker.stop();
    }
  });
}

/** One after the other. Rejects with an Error when there is no such provider. */
export async function probeProviders(config: Config, asked: ProbeRequest): Promise<readonly ProviderProbe[]> {
  const tenant = asked.tenant === null ? null : await readTenantProviders(config, asked.tenant);
  const all = tenant?.providers ?? config.providers;
  const wanted = asked.name === null ? all : all.filter(({ name }) => name === asked.name);
  if (asked.name !== null && wanted.length === 0) {
    const whose = asked.tenant === null ? "The configuration" : `The tenant ${asked.tenant}`;
    throw new Error(`${whose} has no provider "${asked.name}".`);
  }
  const pools = new Pools({ ...config.upstream, emit: () => undefined });
  const owner = tenant === null ? "operator" : `tenant:${tenant.id}`;
  try {
    const probes: ProviderProbe[] = [];
    for (const settings of wanted) probes.push(await probe(pools, settings, owner, asked.model));
    return probes;
  } finally {
    await pools.stop();
  }
}
