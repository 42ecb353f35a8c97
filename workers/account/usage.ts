// The token counts of one answer, as the provider reported them. Absent or null stays null; zero is zero.

export type Usage = {
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  /** Part of promptTokens. */
  readonly cachedTokens: number | null;
  /** Part of promptTokens; needed for the price only. */
  readonly cacheWriteTokens: number | null;
  /** Part of completionTokens. */
  readonly reasoningTokens: number | null;
  readonly inputAudioTokens: number | null;
  readonly outputAudioTokens: number | null;
  /** Part of promptTokens. */
  readonly inputImageTokens: number | null;
  /** What is billed by time instead of tokens, which are all null then. */
  readonly audioSeconds: number | null;
};

type Fields = Readonly<Record<string, unknown>>;

const countMax = 0x7fff_ffff;

/** A JSON object as its fields; anything else as null. */
export function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** A token count that fits its column; anything else a provider may have written there counts as not given. */
function count(fields: Fields | null, name: string): number | null {
  const value = fields?.[name];
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= countMax ? value : null;
}

/**
 * Reads the `usage` object of an OpenAI chat answer, DeepSeek's cache fields included.
 * Null when it is not an object with at least one of the three sums.
 */
export function readOpenAiUsage(value: unknown): Usage | null {
  const usage = fieldsOf(value);
  if (usage === null) return null;
  const promptTokens = count(usage, "prompt_tokens");
  const completionTokens = count(usage, "completion_tokens");
  const total = count(usage, "total_tokens");
  if (promptTokens === null && completionTokens === null && total === null) return null;
  const prompt = fieldsOf(usage["prompt_tokens_details"]);
  const completion = fieldsOf(usage["completion_tokens_details"]);
  const sum = promptTokens !== null && completionTokens !== null ? promptTokens + completionTokens : null;
  return {
    promptTokens,
    completionTokens,
    totalTokens: total ?? (sum !== null && sum <= countMax ? sum : null),
    cachedTokens: count(prompt, "cached_tokens") ?? count(usage, "prompt_cache_hit_tokens"),
    cacheWriteTokens: count(prompt, "cache_write_tokens"),
    reasoningTokens: count(completion, "reasoning_tokens"),
    inputAudioTokens: count(prompt, "audio_tokens"),
    outputAudioTokens: count(completion, "audio_tokens"),
    inputImageTokens: count(prompt, "image_tokens"),
    audioSeconds: null,
  };
}

/** The sum of an embedding: nothing is completed, so that is zero and not unknown. */
export function readEmbeddingsUsage(value: unknown): Usage | null {
  const usage = readOpenAiUsage(value);
  return usage === null ? null : { ...usage, completionTokens: usage.completionTokens ?? 0 };
}

/**
 * Reads the `usage` object of OpenAI's newer formats (responses, images, transcriptions, speech), which say `input` and
 * `output`; a transcription that is billed by time says seconds instead. Null when it has none of these.
 */
export function readInputOutputUsage(value: unknown): Usage | null {
  const usage = fieldsOf(value);
  if (usage === null) return null;
  const input = fieldsOf(usage["input_tokens_details"]) ?? fieldsOf(usage["input_token_details"]);
  const output = fieldsOf(usage["output_tokens_details"]) ?? fieldsOf(usage["output_token_details"]);
  const promptTokens = count(usage, "input_tokens");
  const completionTokens = count(usage, "output_tokens");
  const total = count(usage, "total_tokens");
  const seconds = usage["seconds"];
  const audioSeconds = typeof seconds === "number" && seconds >= 0 && Number.isFinite(seconds) ? seconds : null;
  if (promptTokens === null && completionTokens === null && total === null && audioSeconds === null) return null;
  const sum = promptTokens !== null && completionTokens !== null ? promptTokens + completionTokens : null;
  return {
    promptTokens,
    completionTokens,
    totalTokens: total ?? (sum !== null && sum <= countMax ? sum : null),
    cachedTokens: count(input, "cached_tokens"),
    cacheWriteTokens: count(input, "cache_write_tokens"),
    reasoningTokens: count(output, "reasoning_tokens"),
    inputAudioTokens: count(input, "audio_tokens"),
    outputAudioTokens: count(output, "audio_tokens"),
    inputImageTokens: count(input, "image_tokens"),
    audioSeconds,
  };
}
