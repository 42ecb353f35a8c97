// The responses API: made, streamed, made in the background, read again, cancelled, deleted. Nothing is remembered: a
// response that is read again is the canned one under the id that was asked for.

import type { AnswerPlan } from "./answer-plan.js";
import { type ApiEvent, type ApiRequest, planEvents, planJson } from "./api-request.js";
import { createdSeconds } from "./completion-body.js";

const text = "Hello from the mock.";
const pieces = ["Hello", " from", " the", " mock."];
const usage = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 2 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 1 },
  total_tokens: 15,
};
const newId = "resp_MockMockMockMockMockMockMock";
/** Of one made in the background, so that it is known for one when it is read. */
const backgroundId = "resp_MockBackgroundMockBackground";
const item = "msg_MockMockMock";
const part = { type: "output_text", text, annotations: [], logprobs: [] };
const message = { id: item, type: "message", status: "completed", role: "assistant", content: [part] };

function respond(request: ApiRequest, id: string, status: string): Record<string, unknown> {
  const isOver = status === "completed";
  const { fields } = request;
  return {
    id,
    object: "response",
    created_at: createdSeconds,
    status,
    background: fields["background"] === true || id === backgroundId,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: request.model || "gpt-4o-mini",
    output: isOver ? [message] : [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: isOver ? usage : null,
    user: null,
    metadata: {},
  };
}

function streamEvents(request: ApiRequest, id: string): ApiEvent[] {
  const at = { item_id: item, output_index: 0, content_index: 0 };
  const begun = respond(request, id, "in_progress");
  const { text: _, ...empty } = part;
  const events: ApiEvent[] = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...message, status: "in_progress", content: [] },
    },
    { type: "response.content_part.added", ...at, part: { ...empty, text: "" } },
    ...pieces.map((delta): ApiEvent => ({ type: "response.output_text.delta", ...at, delta, logprobs: [] })),
    { type: "response.output_text.done", ...at, text, logprobs: [] },
    { type: "response.content_part.done", ...at, part },
    { type: "response.output_item.done", output_index: 0, item: message },
    { type: "response.completed", response: respond(request, id, "completed") },
  ];
  return events.map((event, sequence) => ({ ...event, sequence_number: sequence }));
}

function planStream(request: ApiRequest, id: string, after: number): AnswerPlan {
  const events = streamEvents(request, id).filter((event) => Number(event["sequence_number"]) > after);
  return planEvents(request, events, { named: true, done: false });
}

/** Null for an operation that there is not. */
export function planResponses(request: ApiRequest): AnswerPlan | null {
  const { method, path, query, fields } = request;
  const [, id, sub] = path;
  if (id === undefined) {
    if (method !== "POST") return null;
    const isBackground = fields["background"] === true;
    const madeId = isBackground ? backgroundId : newId;
    if (fields["stream"] === true) return planStream(request, madeId, -1);
    return planJson(request, respond(request, madeId, isBackground ? "queued" : "completed"));
  }
  if (method === "POST" && id === "input_tokens") {
    return planJson(request, { object: "response.input_tokens", input_tokens: 10 });
  }
  if (method === "POST" && id === "compact") {
    return planJson(request, {
      id: newId,
      object: "response.compaction",
      created_at: createdSeconds,
      output: [],
      usage,
    });
  }
  if (method === "GET" && sub === "input_items") {
    const content = [{ type: "input_text", text: "Say hello." }];
    const data = [{ id: item, type: "message", role: "user", status: "completed", content }];
    return planJson(request, { object: "list", data, first_id: item, last_id: item, has_more: false });
  }
  if (method === "POST" && sub === "cancel") return planJson(request, respond(request, id, "cancelled"));
  if (method === "DELETE") return planJson(request, { id, object: "response", deleted: true });
  if (method !== "GET") return null;
  if (query.get("stream") === "true") return planStream(request, id, Number(query.get("starting_after") ?? -1));
  return planJson(request, respond(request, id, "completed"));
}
