// One provider's settings from what an operator or a tenant wrote: defaults by kind, base URL in one form.

import { providerOf } from "../providers/provider-table.js";
import { type ProviderKind, type ProviderSettings, providerKinds } from "./config.js";
import type { ProviderEntry } from "./config-schema.js";
import { Secret } from "./secret.js";

/** The kind that a provider has when none is given: its name when that is a kind, else `openai-compatible`. */
function kindOf(name: string): ProviderKind {
  return providerKinds.find((known) => known === name) ?? "openai-compatible";
}

/** The settings of the provider `name`. The base URL is "" when none is given and its kind has none of its own. */
export function makeProviderSettings(name: string, entry: ProviderEntry): ProviderSettings {
  const kind = entry.kind ?? kindOf(name);
  return {
    name,
    kind,
    baseUrl: (entry.baseUrl ?? providerOf(kind).defaultBaseUrl ?? "").trim().replace(/\/+$/, ""),
    credential: entry.apiKey === undefined ? null : new Secret(entry.apiKey),
    auth: entry.auth ?? providerOf(kind).defaultAuth,
    apiVersion: datedVersion(entry.apiVersion),
    deployments: { ...entry.deployments },
    ...(entry.trusted === true && { trusted: true }),
  };
}

function datedVersion(version: string | undefined): string | null {
  return version !== undefined && /^\d/.test(version) ? version : null;
}
