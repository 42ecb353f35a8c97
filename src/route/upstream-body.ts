// The body as the provider gets it: the client's bytes, with the model's own name put in and, on a stream that
// did not ask for it, the usage chunk asked for.
import { changeValues } from "./edit-json.js";
import type { ChatRequest } from "./read-request.js";
import type { Target } from "./route.js";

export type UpstreamBody = {
  readonly bytes: Buffer;
  /** Whether Loom asked for the usage chunk itself, so that the client must not see it. */
  readonly addedUsage: boolean;
};

export function upstreamBody(body: Buffer, request: ChatRequest, target: Target): UpstreamBody {
  const changes = new Map<string, string>();
  const model = target.provider.bodyModel(target.settings, target.model);
  if (model !== request.model) changes.set("model", JSON.stringify(model));
  const addedUsage = request.stream && !request.asksForUsage && target.provider.takesUsageOption(target.settings);
  if (addedUsage) changes.set("stream_options", JSON.stringify({ ...request.streamOptions, include_usage: true }));
  return { bytes: changes.size === 0 ? body : changeValues(body, changes), addedUsage };
}
