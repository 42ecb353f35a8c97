// GET /v1/models: what a tenant can ask for, in OpenAI's shape. The models of the default provider have bare
// names, those of others `provider/model`, and aliases come last. Not an exchange with a model, so not recorded.
import { LRUCache } from "lru-cache";
import type { Tenant } from "./config/tenant.js";
import { forward } from "./forward/forward.js";
import type { Pools } from "./forward/pools.js";
import { listModels } from "./providers/provider.js";
import { type RouteTable, type Target, usableProviders } from "./route/route.js";

type Model = { readonly id: string; readonly [field: string]: unknown };

const listTimeoutMs = 5000;
const cachedMs = 60_000;
const answerBytesMax = 8 * 1024 * 1024;

function parseModels(bytes: Buffer): Model[] {
  const answer = JSON.parse(bytes.toString("utf8")) as { data?: unknown };
  if (!Array.isArray(answer.data)) return [];
  return (answer.data as unknown[]).filter((model): model is Model => {
    return typeof model === "object" && model !== null && typeof (model as { id?: unknown }).id === "string";
  });
}

/** The models that one provider lists; none when it has no list or does not answer in time. */
function fetchModels(target: Target, pools: Pools): Promise<Model[]> {
  const call = target.provider.call(listModels, target.settings, "");
  if (call === null) return Promise.resolve([]);
  const timeouts = { firstByteTimeoutMs: listTimeoutMs, idleTimeoutMs: listTimeoutMs, totalTimeoutMs: listTimeoutMs };
  const forwardTarget = { providerName: target.settings.name, model: "", owner: target.owner, call, body: null };
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    const run = forward(
      { targets: [forwardTarget], clientHeaders: new Map(), timeouts, startedAtMs: performance.now() },
      pools,
      {
        onHead: (_target, headStatus) => {
          status = headStatus;
        },
        onBytes: (part) => {
          bytes += part.length;
          parts.push(part);
          if (bytes <= answerBytesMax) return;
          run.abort(null);
          resolve([]);
        },
        onEnd: () => {
          try {
            resolve(status === 200 ? parseModels(Buffer.concat(parts)) : []);
          } catch {
            // A list that cannot be read is a provider without a list; its models still work.
            resolve([]);
          }
        },
        onFault: () => resolve([]),
      },
    );
  });
}

export class ModelList {
  readonly #table: RouteTable;
  readonly #pools: Pools;
  readonly #cached = new LRUCache<string, Promise<string>>({ max: 1000, ttl: cachedMs });

  constructor(table: RouteTable, pools: Pools) {
    this.#table = table;
    this.#pools = pools;
  }

  /** The JSON body for this tenant. */
  read(tenant: Tenant): Promise<string> {
    const known = this.#cached.get(tenant.id);
    if (known !== undefined) return known;
    const body = this.#collect(tenant);
    this.#cached.set(tenant.id, body);
    body.catch(() => this.#cached.delete(tenant.id));
    return body;
  }

  forget(tenantId: string): void {
    this.#cached.delete(tenantId);
  }

  async #collect(tenant: Tenant): Promise<string> {
    const defaultName = tenant.defaultProvider ?? this.#table.defaultProvider;
    const targets = usableProviders(tenant, this.#table);
    targets.sort((a, b) => Number(b.settings.name === defaultName) - Number(a.settings.name === defaultName));
    const lists = await Promise.all(
      targets.map(async (target) => {
        const models = await fetchModels(target, this.#pools);
        const { name } = target.settings;
        return models.map((model) => {
          const bare = name === defaultName && target.provider.takesBareModel(model.id);
          return bare ? model : { ...model, id: `${name}/${model.id}` };
        });
      }),
    );
    const aliases = new Set([...tenant.routes.keys(), ...this.#table.routes.keys()]);
    const aliasModels = [...aliases].map((id) => ({ id, object: "model", created: 0, owned_by: "loom" }));
    return JSON.stringify({ object: "list", data: [...lists.flat(), ...aliasModels] });
  }
}
