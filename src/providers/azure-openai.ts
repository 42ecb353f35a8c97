// Azure OpenAI. With a dated api-version: the classic paths, where the deployment is part of the path. Without:
// the v1 paths, which look like OpenAI's. Facts: Azure OpenAI reference, and facts/protocols.md section 2.
import type { ProviderSettings } from "../config/config.js";
import { LoomError } from "../errors/loom-error.js";
import { authHeaders } from "./openai.js";
import type { Operation, Provider } from "./provider.js";
import { splitBaseUrl } from "./upstream-url.js";

/** `stream_options` is refused with 400 by versions before this one. */
const usageOptionSince = "2024-09-01";

const dated = /^\d{4}-\d{2}-\d{2}/;

/** Dated versions belong to the classic paths; the settings say which paths a provider has. */
function isClassic(settings: ProviderSettings): boolean {
  return settings.apiVersion !== null && dated.test(settings.apiVersion);
}

/** The client's own version where it fits the provider's paths, since the client was written for it. */
function versionOf(settings: ProviderSettings, { apiVersion }: Operation): string | null {
  return apiVersion !== null && dated.test(apiVersion) === isClassic(settings) ? apiVersion : settings.apiVersion;
}

/** The operations of a deployment; all others have classic paths without one. Source: openai-node's azure.ts. */
const deploymentPaths: ReadonlySet<string> = new Set([
  "/completions",
  "/chat/completions",
  "/embeddings",
  "/audio/transcriptions",
  "/audio/translations",
  "/audio/speech",
  "/images/generations",
  "/images/edits",
]);

function isOfDeployment({ method, path }: Operation): boolean {
  return method === "POST" && deploymentPaths.has(path);
}

function deploymentOf(settings: ProviderSettings, model: string): string {
  return Object.hasOwn(settings.deployments, model) ? (settings.deployments[model] ?? model) : model;
}

/** Throws LoomError `model_not_found` for what would leave its segment of the path, or cannot be written there. */
function deploymentSegment(deployment: string): string {
  if (/^\.{0,2}$/.test(deployment) || !deployment.isWellFormed()) {
    throw new LoomError("model_not_found", { message: "That cannot be the name of a deployment.", param: "model" });
  }
  return encodeURIComponent(deployment);
}

export const azureOpenai: Provider = {
  kind: "azure-openai",
  defaultBaseUrl: null,
  defaultAuth: "api-key",
  isBuiltIn: false,
  priceList: () => "azure",
  telemetryName: () => "azure.ai.openai",
  lacks(settings) {
    if (settings.baseUrl === "") return "set AZURE_OPENAI_ENDPOINT";
    return settings.credential === null ? "set AZURE_OPENAI_API_KEY" : null;
  },
  call(operation, settings, model) {
    const { origin, basePath } = splitBaseUrl(settings.baseUrl);
    // An endpoint may be given with or without its /openai or /openai/v1.
    const root = basePath.replace(/\/openai(?:\/v1)?$/, "");
    const headers = authHeaders(settings);
    const asked = versionOf(settings, operation);
    const version = asked === null ? "" : `api-version=${encodeURIComponent(asked)}`;
    const query = [operation.query, version].filter((part) => part !== "").join("&");
    const { method } = operation;
    const pathNamesModel = isClassic(settings) && isOfDeployment(operation);
    if (isClassic(settings) && operation.path === "/models") {
      // The classic list shows what could be deployed, not what is.
      return null;
    }
    let prefix = `${root}/openai${isClassic(settings) ? "" : "/v1"}`;
    if (pathNamesModel) prefix += `/deployments/${deploymentSegment(deploymentOf(settings, model))}`;
    const path = `${prefix}${operation.path}${query === "" ? "" : `?${query}`}`;
    return { method, origin, path, headers, pathNamesModel };
  },
  bodyModel: deploymentOf,
  takesBareModel: () => true,
  takesUsageOption(settings, operation) {
    return !isClassic(settings) || (versionOf(settings, operation) ?? "") >= usageOptionSince;
  },
};
