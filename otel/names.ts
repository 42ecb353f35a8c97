// Every attribute, event and span name that Loom exports, and the versions of the conventions they follow. A switch to
// another version is a change of this file: the GenAI conventions are still in development and have moved to
// github.com/open-telemetry/semantic-conventions-genai, so the strings stand here instead of coming from a package.

/** For the schema URL of spans: the HTTP and general names are those of this version. */
const conventionsVersion = "1.41.0";
export const schemaUrl = `https://opentelemetry.io/schemas/${conventionsVersion}`;

export const names = {
  // GenAI conventions, 1.41, client spans.
  operationName: "gen_ai.operation.name",
  providerName: "gen_ai.provider.name",
  requestModel: "gen_ai.request.model",
  requestMaxTokens: "gen_ai.request.max_tokens",
  requestTemperature: "gen_ai.request.temperature",
  requestTopP: "gen_ai.request.top_p",
  requestTopK: "gen_ai.request.top_k",
  requestFrequencyPenalty: "gen_ai.request.frequency_penalty",
  requestPresencePenalty: "gen_ai.request.presence_penalty",
  requestSeed: "gen_ai.request.seed",
  requestStopSequences: "gen_ai.request.stop_sequences",
  requestChoiceCount: "gen_ai.request.choice.count",
  requestStream: "gen_ai.request.stream",
  requestReasoningLevel: "gen_ai.request.reasoning.level",
  outputType: "gen_ai.output.type",
  responseId: "gen_ai.response.id",
  responseModel: "gen_ai.response.model",
  finishReasons: "gen_ai.response.finish_reasons",
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.usage.cache_write.input_tokens",
  reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
  conversationId: "gen_ai.conversation.id",
  inputMessages: "gen_ai.input.messages",
  outputMessages: "gen_ai.output.messages",
  serviceTier: "openai.request.service_tier",
  // HTTP and general conventions, 1.41.
  errorType: "error.type",
  httpMethod: "http.request.method",
  httpRoute: "http.route",
  httpStatus: "http.response.status_code",
  httpResendCount: "http.request.resend_count",
  httpRequestSize: "http.request.body.size",
  httpResponseSize: "http.response.body.size",
  urlPath: "url.path",
  urlScheme: "url.scheme",
  serverAddress: "server.address",
  serverPort: "server.port",
  // Loom's own.
  loomId: "loom.trace_id",
  loomTenant: "loom.tenant_id",
  loomOutcome: "loom.outcome",
  loomErrorCode: "loom.error_code",
  loomErrorDomain: "loom.error_domain",
  loomOverheadMs: "loom.overhead_ms",
  loomCostUsd: "loom.cost_usd",
  loomProvider: "loom.provider",
  loomModel: "loom.model",
  loomAttempts: "loom.attempts",
  loomNode: "loom.node_id",
  loomLane: "loom.lane",
  loomSeq: "loom.seq",
  loomCaptureTruncated: "loom.capture_truncated",
  loomContentTruncated: "loom.content_truncated",
  loomEndUnknown: "loom.end_unknown",
} as const;

/** Phases that took time, as events of the server span. */
export const eventNames = {
  authenticated: "loom.authenticated",
  admitted: "loom.admitted",
  firstByte: "loom.first_byte",
  handOff: "loom.hand_off",
} as const;
