// The body as the provider gets it: the client's bytes, with the model's own name put in and, on a stream that
// did not ask for it, the usage chunk asked for.

import type { Operation, UpstreamCall } from "../providers/provider.js";
import { changeValues } from "./edit-json.js";
import { leadingField } from "./form-fields.js";
import type { ModelRequest } from "./read-request.js";
import type { Target } from "./route.js";

export type UpstreamBody = {
  readonly bytes: Buffer;
  /** Whether Loom asked for the usage chunk itself, so that the client must not see it. */
  readonly addedUsage: boolean;
};

/** `model`: the name that the body must carry, or null when it may say what it says. */
function changeForm(form: Buffer, request: ModelRequest, model: string | null): Buffer {
  const { bodyModel } = request;
  if (bodyModel.in !== "form" || model === null || model === bodyModel.name) return form;
  if (bodyModel.spans.length === 0) return Buffer.concat([leadingField(bodyModel.boundary, "model", model), form]);
  const parts: Buffer[] = [];
  let copied = 0;
  for (const { start, end } of bodyModel.spans) {
    parts.push(form.subarray(copied, start), Buffer.from(model));
    copied = end;
  }
  return Buffer.concat([...parts, form.subarray(copied)]);
}

/** `asked`: the operation, and the call of the provider that was made of it. */
export function upstreamBody(
  body: Buffer,
  request: ModelRequest,
  target: Target,
  asked: { readonly operation: Operation; readonly call: Pick<UpstreamCall, "pathNamesModel"> },
): UpstreamBody {
  const { pathNamesModel } = asked.call;
  const { bodyModel, endpoint } = request;
  const named = request.model === null ? null : target.provider.bodyModel(target.settings, target.model);
  // An Azure client's body to Azure: its path alone decides, and stays right.
  const model = pathNamesModel && bodyModel.name !== request.model ? null : named;
  if (bodyModel.in === "form") return { bytes: changeForm(body, request, model), addedUsage: false };
  if (bodyModel.in === "nowhere") return { bytes: body, addedUsage: false };
  const changes = new Map<string, string>();
  if (model !== null && model !== bodyModel.name) changes.set("model", JSON.stringify(model));
  const mayAdd = endpoint.takesUsageOption && request.stream && !request.asksForUsage;
  const addedUsage = mayAdd && target.provider.takesUsageOption(target.settings, asked.operation);
  if (addedUsage) changes.set("stream_options", JSON.stringify({ ...request.streamOptions, include_usage: true }));
  return { bytes: changes.size === 0 ? body : changeValues(body, changes), addedUsage };
}
