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
  /** Any other operation; api-answers.ts knows which there are. */
  | {
      readonly kind: "other";
      readonly shape: ApiShape;
      /** The raw path below `/v1`, such as `/files/file-1/content`. */
      readonly operation: string;
      readonly deployment: string | null;
    }
  | { readonly kind: "wrong-method"; readonly shape: ApiShape }
  | { readonly kind: "unknown"; readonly shape: ApiShape };

const deploymentPath = /^\/openai\/deployments\/([^/]+)(\/.+)$/;
const chatOperation = "/chat/completions";

/** `target` is the request target with its query, such as `/v1/models?limit=2`. */
export function findEndpoint(method: string, target: string, served: ServedShape): Endpoint {
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const isAzurePath = path.startsWith("/openai/");
  const unknown: Endpoint = { kind: "unknown", shape: isAzurePath || served === "azure" ? "azure" : "openai" };
  if (served !== "both" && isAzurePath !== (served === "azure")) return unknown;
  const shape: ApiShape = isAzurePath ? "azure" : "openai";

  if (isAzurePath && !path.startsWith("/openai/v1/")) {
    const apiVersion = queryAt < 0 ? null : new URLSearchParams(target.slice(queryAt + 1)).get("api-version");
    // Azure does not find a classic path without its version.
    if (apiVersion === null || apiVersion === "") return unknown;
    const classic = deploymentPath.exec(path);
    const deployment = classic === null ? null : decode(classic[1] ?? "");
    const operation = classic === null ? path.slice("/openai".length) : (classic[2] ?? "");
    if (operation !== chatOperation) return { kind: "other", shape, operation, deployment };
    return deployment === null ? unknown : only("POST", method, { kind: "chat", shape, deployment, apiVersion });
  }
  const operation = isAzurePath ? path.slice("/openai".length) : path;
  if (operation === "/v1/chat/completions") {
    return only("POST", method, { kind: "chat", shape, deployment: null, apiVersion: null });
  }
  if (operation === "/v1/models") return only("GET", method, { kind: "models", shape });
  if (operation.startsWith("/v1/models/")) {
    return only("GET", method, { kind: "model", shape, id: decode(operation.slice("/v1/models/".length)) });
  }
  return operation.startsWith("/v1/")
    ? { kind: "other", shape, operation: operation.slice("/v1".length), deployment: null }
    : unknown;
}

function only(wanted: string, method: string, endpoint: Endpoint): Endpoint {
  return method === wanted ? endpoint : { kind: "wrong-method", shape: endpoint.shape };
}

/** As it is where its escapes are not UTF-8. */
export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
