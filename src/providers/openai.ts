// OpenAI itself, and the base of every provider that speaks its API: the path follows the base URL, the model
// stays in the body, the key goes as a bearer token.
import type { ProviderSettings } from "../config/config.js";
import type { Operation, Provider, UpstreamCall } from "./provider.js";
import { splitBaseUrl } from "./upstream-url.js";

export function authHeaders(settings: ProviderSettings): Record<string, string> {
  if (settings.credential === null || settings.auth === "none") return {};
  const key = settings.credential.reveal();
  return settings.auth === "api-key" ? { "api-key": key } : { authorization: `Bearer ${key}` };
}

/** A call of an API that has OpenAI's paths below the base URL. */
function openaiShapedCall(operation: Operation, settings: ProviderSettings): UpstreamCall {
  const { origin, basePath } = splitBaseUrl(settings.baseUrl);
  return {
    method: operation.method,
    origin,
    path: `${basePath}${operation.path}${operation.query === "" ? "" : `?${operation.query}`}`,
    headers: authHeaders(settings),
    pathNamesModel: false,
  };
}

export const openai: Provider = {
  kind: "openai",
  defaultBaseUrl: "https://api.openai.com/v1",
  defaultAuth: "bearer",
  isBuiltIn: false,
  priceList: () => "openai",
  telemetryName: () => "openai",
  lacks: (settings) => (settings.credential === null && settings.auth !== "none" ? "set OPENAI_API_KEY" : null),
  call: openaiShapedCall,
  bodyModel: (_settings, model) => model,
  takesBareModel: () => true,
  takesUsageOption: () => true,
};
