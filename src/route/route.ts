// From a model name to ordered targets: an alias, `provider/model`, or the tenant's default provider.
import { type ProviderSettings, providerKinds } from "../config/config.js";
import type { Tenant } from "../config/tenant.js";
import { LoomError } from "../errors/loom-error.js";
import type { Provider } from "../providers/provider.js";
import { providerOf } from "../providers/provider-table.js";

/** One place that a request can be sent to. */
export type Target = {
  readonly provider: Provider;
  readonly settings: ProviderSettings;
  /** Who gave these settings: connections are never shared between two owners. */
  readonly owner: "operator" | `tenant:${string}`;
  /** The model as the provider knows it, before a deployment name is put in. */
  readonly model: string;
};

export type RouteTable = {
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly routes: ReadonlyMap<string, readonly string[]>;
  readonly defaultProvider: string;
};

type Found = Pick<Target, "settings" | "owner">;

function findProvider(name: string, tenant: Tenant, table: RouteTable): Found | null {
  const own = tenant.providers.get(name);
  if (own !== undefined) return { settings: own, owner: `tenant:${tenant.id}` };
  const operators = table.providers.get(name);
  return operators === undefined ? null : { settings: operators, owner: "operator" };
}

function makeTarget(found: Found, model: string): Target {
  const provider = providerOf(found.settings.kind);
  const lacking = provider.lacks(found.settings);
  if (lacking !== null) {
    throw new LoomError("provider_not_configured", {
      message: `The provider "${found.settings.name}" cannot be called yet: ${lacking}.`,
      param: "model",
    });
  }
  return { provider, settings: found.settings, owner: found.owner, model };
}

function unknownModel(model: string): LoomError {
  return new LoomError("model_not_found", {
    message: `No provider is known for the model "${model}". Write it as provider/model (GET /v1/models lists them), or configure its provider.`,
    param: "model",
  });
}

/** Names that people write before they have configured the provider; they deserve a better answer than 404. */
const wellKnownProviders: ReadonlySet<string> = new Set([...providerKinds, "azure"]);

function resolveName(name: string, tenant: Tenant, table: RouteTable): Target {
  const slash = name.indexOf("/");
  if (slash > 0) {
    const prefix = name.slice(0, slash);
    const found = findProvider(prefix, tenant, table);
    if (found !== null) return makeTarget(found, name.slice(slash + 1));
    if (wellKnownProviders.has(prefix)) {
      throw new LoomError("provider_not_configured", {
        message: `The provider "${prefix}" is not configured. Set its key in the gateway's environment, or run \`loom provider set ${prefix}\`.`,
        param: "model",
      });
    }
  }
  const fallback = findProvider(tenant.defaultProvider ?? table.defaultProvider, tenant, table);
  if (fallback === null) throw unknownModel(name);
  const target = makeTarget(fallback, name);
  if (!target.provider.takesBareModel(name)) throw unknownModel(name);
  return target;
}

/** A target that is not configured is passed over while another one is left. */
function resolveSome(names: readonly string[], tenant: Tenant, table: RouteTable): Target[] {
  const targets: Target[] = [];
  let fault: LoomError | undefined;
  for (const name of names) {
    try {
      targets.push(resolveName(name, tenant, table));
    } catch (error) {
      if (!(error instanceof LoomError)) throw error;
      fault ??= error;
    }
  }
  if (targets.length === 0 && fault !== undefined) throw fault;
  return targets;
}

/** The targets for a model, best first; at least one. Throws LoomError `model_not_found` or `provider_not_configured`. */
export function route(model: string, tenant: Tenant, table: RouteTable): readonly [Target, ...Target[]] {
  const alias = tenant.routes.get(model) ?? table.routes.get(model);
  const [first, ...others] = resolveSome(alias ?? [model], tenant, table);
  if (first === undefined) throw unknownModel(model);
  return [first, ...others];
}

/**
 * The target of a request that names no model, such as a list of files: the provider that the client names, else the
 * default one. Throws LoomError `provider_not_configured`.
 */
export function routeWithoutModel(
  name: string | null,
  tenant: Tenant,
  table: RouteTable,
): readonly [Target, ...Target[]] {
  const wanted = name ?? tenant.defaultProvider ?? table.defaultProvider;
  const found = findProvider(wanted, tenant, table);
  if (found === null) {
    throw new LoomError("provider_not_configured", {
      message: `The provider "${wanted}" is not configured. Name one in the header x-loom-provider, or set a default provider.`,
    });
  }
  return [makeTarget(found, "")];
}

/** All providers that a tenant can use, its own before the operator's of the same name. */
export function usableProviders(tenant: Tenant, table: RouteTable): Target[] {
  const names = new Set([...tenant.providers.keys(), ...table.providers.keys()]);
  return [...names].flatMap((name) => {
    const found = findProvider(name, tenant, table);
    if (found === null || providerOf(found.settings.kind).lacks(found.settings) !== null) return [];
    return [makeTarget(found, "")];
  });
}
