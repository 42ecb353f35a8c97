// What a client says about itself and its user in headers: Loom's own names first, then those that clients of other
// gateways already send. None of these is ever sent on: forward/upstream-headers.ts has a list of what is.
// Sources: LiteLLM "Request headers", Helicone "Custom properties", Portkey "Metadata", Cloudflare AI Gateway
// "Custom metadata"; x-stainless-*: facts/protocols.md 1.5.
import { limits } from "../limits.js";

type Headers = ReadonlyMap<string, string>;

export type Labels = {
  readonly sessionId: string | null;
  readonly endUser: string | null;
  readonly tags: readonly string[];
};

const sessionHeaders = [
  "x-loom-session-id",
  "x-session-id",
  "session-id",
  "helicone-session-id",
  "x-litellm-session-id",
] as const;
const userHeaders = [
  "x-loom-user-id",
  "x-user-id",
  "helicone-user-id",
  "x-litellm-end-user-id",
  "x-litellm-customer-id",
] as const;
const tagHeaders = ["x-loom-tags", "x-litellm-tags"] as const;
const metadataHeaders = ["x-portkey-metadata", "cf-aig-metadata"] as const;
const propertyPrefix = "helicone-property-";
/** Tags that Loom writes itself begin so; a client's own tag may not. */
const ownPrefix = "loom.";
const metadataCharsMax = 8192;

function firstHeader(headers: Headers, names: readonly string[]): string | null {
  for (const name of names) {
    const value = headers.get(name);
    if (value) return value;
  }
  return null;
}

/** The text and number entries of a JSON object in a header; nothing of anything else. */
function readMetadata(line: string | undefined): readonly (readonly [name: string, value: string])[] {
  if (line === undefined || line.length > metadataCharsMax) return [];
  try {
    const parsed = JSON.parse(line) as unknown;
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return [];
    return Object.entries(parsed).flatMap(([name, value]: [string, unknown]) => {
      const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
      return isPlain && value !== "" ? [[name, String(value)] as const] : [];
    });
  } catch {
    return [];
  }
}

/** The library that made the request, and its count of retries where it is not the first try. */
function clientTags(headers: Headers): string[] {
  const language = headers.get("x-stainless-lang");
  if (language === undefined) return [];
  const version = headers.get("x-stainless-package-version");
  const retries = headers.get("x-stainless-retry-count");
  const tags = [`${ownPrefix}client=openai-${language}${version === undefined ? "" : `/${version}`}`];
  if (retries !== undefined && /^[1-9]\d{0,3}$/.test(retries)) tags.push(`${ownPrefix}client-retry=${retries}`);
  return tags;
}

function givenTags(headers: Headers): string[] {
  const tags = (firstHeader(headers, tagHeaders) ?? "").split(",");
  for (const name of metadataHeaders) {
    // Portkey's names with an underscore have meanings of their own.
    for (const [key, value] of readMetadata(headers.get(name))) if (!key.startsWith("_")) tags.push(`${key}=${value}`);
  }
  for (const [name, value] of headers) {
    if (name.startsWith(propertyPrefix)) tags.push(`${name.slice(propertyPrefix.length)}=${value}`);
  }
  return tags.map((tag) => tag.trim()).filter((tag) => tag !== "" && !tag.startsWith(ownPrefix));
}

/** `user` and `session` are what the body says; headers go before it. */
export function readLabels(headers: Headers, user: string | null, session: string | null): Labels {
  const portkey = headers.get("x-portkey-metadata");
  const portkeyUser =
    portkey === undefined ? null : (readMetadata(portkey).find(([name]) => name === "_user")?.[1] ?? null);
  return {
    sessionId: firstHeader(headers, sessionHeaders) ?? session,
    endUser: firstHeader(headers, userHeaders) ?? portkeyUser ?? user,
    tags: [...new Set([...clientTags(headers), ...givenTags(headers)])].slice(0, limits.tagsMax),
  };
}
