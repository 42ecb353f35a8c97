// What the GenAI conventions call an endpoint's operation (`gen_ai.operation.name`).
const operations: ReadonlyMap<string, string> = new Map([
  ["/v1/chat/completions", "chat"],
  ["/v1/completions", "text_completion"],
  ["/v1/embeddings", "embeddings"],
  ["/v1/responses", "chat"],
  ["/v1/messages", "chat"],
]);

export function operationOf(endpoint: string): string {
  return operations.get(endpoint) ?? "other";
}
