// A chat request made ready for each of its targets: where it goes, and the body that goes there.
import type { ForwardTarget } from "./forward/forward.js";
import type { ChatRequest } from "./route/read-request.js";
import type { Target } from "./route/route.js";
import { upstreamBody } from "./route/upstream-body.js";

export type ChatTarget = ForwardTarget & {
  readonly route: Target;
  /** Whether Loom asked for the usage chunk, so that the client must not see it. */
  readonly addedUsage: boolean;
};

/** In the order of `targets`; a provider that has no chat operation is left out. */
export function makeChatTargets(targets: readonly Target[], request: ChatRequest, body: Buffer): ChatTarget[] {
  return targets.flatMap((route) => {
    const call = route.provider.call("chat", route.settings, route.model);
    if (call === null) return [];
    const { bytes, addedUsage } = upstreamBody(body, request, route);
    const { settings, model, owner } = route;
    const trusted = owner === "operator" && settings.trusted === true;
    const providerKind = settings.kind;
    return [{ providerName: settings.name, providerKind, model, owner, call, body: bytes, trusted, route, addedUsage }];
  });
}
