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

const versionName = "api-version";
const versionOnly: ReadonlySet<string> = new Set([versionName]);
const versionAndModel: ReadonlySet<string> = new Set([versionName, "model"]);

/** The client's operation, with the model's own name where the path or the query has it. */
function operationFor({ method, asked, query, request }: AskedFor, route: Target): Operation {
  const { endpoint, model } = request;
  const apiVersion = query.includes(versionName) ? new URLSearchParams(query).get(versionName) : null;
  const same = { method, path: asked.operation, query: dropParameters(query, versionOnly), apiVersion };
  if (model === null || model === route.model) return same;
  const name = encodeURIComponent(route.model);
  if (endpoint.model === "path") {
    return { ...same, path: `${asked.operation.slice(0, asked.operation.indexOf("/", 1) + 1)}${name}` };
  }
  if (endpoint.model !== "query") return same;
  const rest = dropParameters(query, versionAndModel);
  return { ...same, query: rest === "" ? `model=${name}` : `${rest}&model=${name}` };
}

/** In the order of `targets`; a provider that has no such operation is left out. Throws LoomError `not_found` when none has it. */
export function makeUpstreamTargets(targets: readonly Target[], from: AskedFor, body: Buffer): UpstreamTarget[] {
  const made = targets.flatMap((route) => {
    const operation = operationFor(from, route);
    const call = route.provider.call(operation, route.settings, route.model);
    if (call === null) return [];
    const { bytes, addedUsage } = upstreamBody(body, from.request, route, { operation, call });
    const { settings, model, owner } = route;
    return [
      {
        providerName: settings.name,
        providerKind: settings.kind,
        model,
        owner,
        call,
        body: bytes.length === 0 ? null : bytes,
        trusted: owner === "operator" && settings.trusted === true,
        route,
        addedUsage,
      },
    ];
  });
  if (made.length === 0) throw new LoomError("not_found", { message: "That provider has no such operation." });
  return made;
}
