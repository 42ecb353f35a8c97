// The contract of a provider: how a client's request becomes a call of its API. Pure: no I/O, no state. Which
// provider speaks which contract is decided in one table, provider-table.ts.
import type { ProviderKind, ProviderSettings } from "../config/config.js";

/** What is sent upstream besides the body. Header names in lower case. */
export type UpstreamCall = {
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the path says which model is meant, so that the body need not. */
  readonly pathNamesModel: boolean;
};

/** What a client asked for, in OpenAI's terms. */
export type Operation = {
  readonly method: string;
  /** The raw path below `/v1`, such as `/chat/completions` or `/files/file-1/content`. */
  readonly path: string;
  /** The raw query without `api-version`, or an empty string. */
  readonly query: string;
  /** Azure's `api-version` as the client gave it, or null. */
  readonly apiVersion: string | null;
};

export type Provider = {
  readonly kind: ProviderKind;
  /** Base URL when none is set, or null when there is no sensible one. */
  readonly defaultBaseUrl: string | null;
  /** How the credential is sent when the settings do not say. */
  readonly defaultAuth: ProviderSettings["auth"];
  /** Part of every gateway, under its kind as name: nobody configures it, and nobody may take its name. */
  readonly isBuiltIn: boolean;
  /** The name of its list in the price tables; null when its answers have no known price. */
  priceList(name: string): string | null;
  /**
   * Its `gen_ai.provider.name` in spans and metrics, of a closed vocabulary: that of the GenAI conventions where it has a
   * word for this provider, else one of ours. `name` is the name in `provider/model`.
   */
  telemetryName(name: string): string;
  /** What must be set before this provider can be called, in words for a banner, such as `set OPENAI_API_KEY`. */
  lacks(settings: ProviderSettings): string | null;
  /**
   * `model` is the name after `provider/`, or an empty string. Null when this provider has no such operation.
   * Throws LoomError `model_not_found` for a name that can be no model of it.
   */
  call(operation: Operation, settings: ProviderSettings, model: string): UpstreamCall | null;
  /** Whether a model name without `provider/` may be taken as this provider's. */
  takesBareModel(model: string): boolean;
  /** The name that the body's `model` field must carry. */
  bodyModel(settings: ProviderSettings, model: string): string;
  /** Whether it takes `stream_options.include_usage`; some versions refuse the unknown field with 400. */
  takesUsageOption(settings: ProviderSettings, operation: Operation): boolean;
};

/** The operation that lists a provider's models. */
export const listModels: Operation = { method: "GET", path: "/models", query: "", apiVersion: null };
