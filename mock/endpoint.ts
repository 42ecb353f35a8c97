// Which operation a path of the mock provider names, in OpenAI's shape (/v1/...), Azure's classic shape
// (/openai/deployments/...?api-version=) and Azure's v1 shape (/openai/v1/...).

export type ApiShape = "openai" | "azure";

/** The paths that a server answers. */
export type ServedShape = ApiShape | "both";

export type Endpoint =
  | {
      readonly kind: "chat";
      readonly shape: ApiShape;
      readonly deployment: string | null;
      readonly apiVersion: string | null;
    }
  | { readonly kind: "models"; readonly shape: ApiShape }
  | { readonly kind: "model"; readonly shape: ApiShape; readonly id: string }
  | { readonly kind: "wrong-method"; readonly shape: ApiShape }
  | { readonly kind: "unknown"; readonly shape: ApiShape };

const deploymentPath = /^\/openai\/deployments\/([^/]+)\/chat\/completions$/;

/** `target` is the request target with its query, such as `/v1/models?limit=2`. */
export function findEndpoint(method: string, target: string, served: ServedShape): Endpoint {
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const isAzurePath = path.startsWith("/openai/");
  const unknown: Endpoint = { kind: "unknown", shape: isAzurePath || served === "azure" ? "azure" : "openai" };
  if (served !== "both" && isAzurePath !== (served === "azure")) return unknown;
  const shape: ApiShape = isAzurePath ? "azure" : "openai";

  const classic = isAzurePath ? deploymentPath.exec(path) : null;
  if (classic !== null) {
    const apiVersion = queryAt < 0 ? null : new URLSearchParams(target.slice(queryAt + 1)).get("api-version");
    // Azure does not find a classic path without its version.
    if (apiVersion === null || apiVersion === "") return unknown;
    const deployment = decode(classic[1] ?? "");
    return only("POST", method, { kind: "chat", shape, deployment, apiVersion });
  }
  const operation = path.startsWith("/openai/v1/") ? path.slice("/openai".length) : path;
  if (isAzurePath && operation === path) return unknown;
  if (operation === "/v1/chat/completions") {
    return only("POST", method, { kind: "chat", shape, deployment: null, apiVersion: null });
  }
  if (operation === "/v1/models") return only("GET", method, { kind: "models", shape });
  if (operation.startsWith("/v1/models/")) {
    return only("GET", method, { kind: "model", shape, id: decode(operation.slice("/v1/models/".length)) });
  }
  return unknown;
}

function only(wanted: string, method: string, endpoint: Endpoint): Endpoint {
  return method === wanted ? endpoint : { kind: "wrong-method", shape: endpoint.shape };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
