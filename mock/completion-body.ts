// The JSON body of a plain (unstreamed) chat completion, in both shapes. The same request gets the same bytes: id and
// time are fixed, so that what came through a gateway can be compared with what came directly.
import { behaviourName } from "./behaviours.js";
import type { ChatRequest } from "./chat-request.js";
import { type ChosenMessage, chooseMessage, chooseUsage } from "./chosen-message.js";

export const completionId = "chatcmpl-MockMockMockMockMockMockMock";
/** 2026-01-01T00:00:00Z. */
export const createdSeconds = 1767225600;
export const systemFingerprint = "fp_mock0000";

const safe = { filtered: false, severity: "safe" };
export const azureFilterResults = { hate: safe, self_harm: safe, sexual: safe, violence: safe };
export const azurePromptFilterResults = [
  {
    prompt_index: 0,
    content_filter_results: { ...azureFilterResults, jailbreak: { filtered: false, detected: false } },
  },
];

/** The whole answer as JSON text. */
export function completionJson(request: ChatRequest): string {
  const chosen = chooseMessage(request);
  const name = behaviourName(request.behaviour);
  const usage = chooseUsage(request);
  const azure = request.shape === "azure";
  return JSON.stringify({
    id: completionId,
    object: "chat.completion",
    created: createdSeconds,
    model: request.answerModel,
    ...(azure ? { prompt_filter_results: azurePromptFilterResults } : {}),
    choices: [
      {
        index: 0,
        message: messageOf(chosen),
        logprobs: null,
        finish_reason: finishReason(chosen),
        ...(azure ? { content_filter_results: azureFilterResults } : {}),
      },
    ],
    ...(name === "no-usage" || name === "groq-usage" ? {} : { usage }),
    ...(name === "groq-usage" ? { x_groq: { id: "req_mock", usage } } : {}),
    service_tier: "default",
    system_fingerprint: systemFingerprint,
  });
}

export function finishReason(chosen: ChosenMessage): string {
  return chosen.kind === "tools" ? "tool_calls" : "stop";
}

function messageOf(chosen: ChosenMessage): Readonly<Record<string, unknown>> {
  switch (chosen.kind) {
    case "text":
      return { role: "assistant", content: join(chosen.pieces), refusal: null, annotations: [] };
    case "refusal":
      return { role: "assistant", content: null, refusal: join(chosen.pieces), annotations: [] };
    case "tools": {
      const toolCalls = chosen.calls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.arguments },
      }));
      return { role: "assistant", content: null, tool_calls: toolCalls, refusal: null, annotations: [] };
    }
  }
}

function join(pieces: Iterable<string>): string {
  return [...pieces].join("");
}
