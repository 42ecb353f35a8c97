// A request made ready for each of its targets: where it goes, and the body that goes there.
import { LoomError } from "./errors/loom-error.js";
import type { ForwardTarget } from "./forward/forward.js";
import type { Operation } from "./providers/provider.js";
import type { AskedPath } from "./route/read-path.js";
import { dropParameters } from "./route/read-path.js";
import type { ModelRequest } from "./route/read-request.js";
import type { Target } from "./route/route.js";
import { upstreamBody } from "./route/upstream-body.js";

export type UpstreamTarget = ForwardTarget & {
  readonly route: Target;
  /** Whether Loom asked for the usage chunk, so that the client must not see it. */
  readonly addedUsage: boolean;
};

export type AskedFor = {
  readonly method: string;
  readonly asked: AskedPath;
  /** As the client sent it. */
  readonly query: string;
  readonly request: ModelRequest;
};

/** Azure's version is the provider's own setting: what a client writes was meant for another server. */
const versionOnly: ReadonlySet<string> = new Set(["api-version"]);
const versionAndModel: ReadonlySet<string> = new Set(["api-version", "model"]);

/** The client's operation, with the model's own name where the path or the query has it. */
function operationFor({ method, asked, query, request }: AskedFor, route: Target): Operation {
  const { endpoint, model } = request;
  const isRenamed = model !== route.model;
  if (endpoint.model === "path" && isRenamed && model !== null) {
    const path = `${asked.operation.slice(0, asked.operation.indexOf("/", 1) + 1)}${encodeURIComponent(route.model)}`;
    return { method, path, query: dropParameters(query, versionOnly) };
  }
  if (endpoint.model === "query" && isRenamed && model !== null) {
    const rest = dropParameters(query, versionAndModel);
    const named = `model=${encodeURIComponent(route.model)}`;
    return { method, path: asked.operation, query: rest === "" ? named : `${rest}&${named}` };
  }
  return { method, path: asked.operation, query: dropParameters(query, versionOnly) };
}

/** In the order of `targets`; a provider that has no such operation is left out. Throws LoomError `not_found` when none has it. */
export function makeUpstreamTargets(targets: readonly Target[], from: AskedFor, body: Buffer): UpstreamTarget[] {
  const made = targets.flatMap((route) => {
    const call = route.provider.call(operationFor(from, route), route.settings, route.model);
    if (call === null) return [];
    const { bytes, addedUsage } = upstreamBody(body, from.request, route, call.pathNamesModel);
    const { settings, model, owner } = route;
    return [
      { providerName: settings.name, model, owner, call, body: bytes.length === 0 ? null : bytes, route, addedUsage },
    ];
  });
  if (made.length === 0) throw new LoomError("not_found", { message: "That provider has no such operation." });
  return made;
}
