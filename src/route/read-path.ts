// Which operation a client's path names, in each form that clients of OpenAI and of Azure OpenAI write it. Null for
// a path that is no part of their API. Source: facts/protocols.md section 2; Azure OpenAI REST reference.
import { LoomError } from "../errors/loom-error.js";

export type AskedPath = {
  /** The raw path below `/v1`, such as `/files/file-1/content`: its escapes stay as the client wrote them. */
  readonly operation: string;
  /** The model that a classic Azure path names by its deployment, decoded. */
  readonly deployment: string | null;
};

const deploymentPath = /^\/openai\/deployments\/([^/]+)(\/.+)$/;
const openAiPrefixes = ["/v1/", "/openai/v1/", "/openai/"] as const;

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new LoomError("bad_request", { message: "The path has an escape that is not UTF-8." });
  }
}

/** An escape may hide what the front end refuses in plain sight: a step out of the API's part of the path. */
function checkSegments(operation: string): void {
  if (!operation.includes("%")) return;
  for (const part of decode(operation).split(/[/\\]/)) {
    if (part === "." || part === ".." || /[\0-\x1f\x7f]/.test(part)) {
      throw new LoomError("bad_request", { message: "The path has segments that are not allowed." });
    }
  }
}

/** Throws LoomError `bad_request` for a path that no provider may be asked for. */
export function readPath(path: string): AskedPath | null {
  const classic = path.startsWith("/v1/") ? null : deploymentPath.exec(path);
  if (classic !== null) {
    const operation = classic[2] ?? "";
    checkSegments(operation);
    return { operation, deployment: decode(classic[1] ?? "") };
  }
  const prefix = openAiPrefixes.find((known) => path.startsWith(known));
  if (prefix === undefined || path.length === prefix.length) return null;
  const operation = path.slice(prefix.length - 1);
  checkSegments(operation);
  return { operation, deployment: null };
}

/** The raw query without the parameters of these names, or an empty string. */
export function dropParameters(query: string, names: ReadonlySet<string>): string {
  if (query === "") return query;
  return query
    .split("&")
    .filter((pair) => !names.has(pair.split("=", 1)[0] ?? ""))
    .join("&");
}
