// A request while it is written: the fields that the form has, and the rest of a replayed one, which is kept as it was.

export type DraftMessage = { readonly role: string; readonly content: string; readonly original: unknown };
export type RequestDraft = {
  readonly model: string;
  readonly messages: readonly DraftMessage[];
  readonly streams: boolean;
  /** As it is typed; empty for the provider's own default. */
  readonly temperature: string;
  readonly maxTokens: string;
  readonly rest: Readonly<Record<string, unknown>>;
};

export const emptyDraft: RequestDraft = {
  model: "",
  messages: [{ role: "user", content: "", original: null }],
  streams: true,
  temperature: "",
  maxTokens: "",
  rest: {},
};

/** A draft from the text of a recorded request. Content that is no plain text is kept, and sent, as it was. */
export function readDraft(text: string): RequestDraft {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return emptyDraft;
  }
  const { model, messages, stream, temperature, max_tokens: maxTokens, stream_options: _options, ...rest } = body;
  const list = Array.isArray(messages) ? (messages as Record<string, unknown>[]) : [];
  return {
    model: typeof model === "string" ? model : "",
    messages: list.map((message) => {
      const isText = typeof message["content"] === "string" && message["tool_calls"] === undefined;
      return {
        role: typeof message["role"] === "string" ? message["role"] : "user",
        content:
          typeof message["content"] === "string" && isText
            ? message["content"]
            : JSON.stringify(message["content"] ?? message["tool_calls"]),
        original: isText && Object.keys(message).length === 2 ? null : message,
      };
    }),
    streams: stream === true,
    temperature: typeof temperature === "number" ? String(temperature) : "",
    maxTokens: typeof maxTokens === "number" ? String(maxTokens) : "",
    rest,
  };
}

export function writeBody(draft: RequestDraft): Readonly<Record<string, unknown>> {
  return {
    model: draft.model,
    messages: draft.messages.map(({ role, content, original }) => original ?? { role, content }),
    ...(draft.streams && { stream: true }),
    ...(draft.temperature !== "" && { temperature: Number(draft.temperature) }),
    ...(draft.maxTokens !== "" && { max_tokens: Number(draft.maxTokens) }),
    ...draft.rest,
  };
}
