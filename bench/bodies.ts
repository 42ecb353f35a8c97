// The request bodies of the scenarios: the same bytes for every target, so that only the way differs.

const words = "The quick brown fox jumps over the lazy dog while the band plays on. ";

/** A chat request of about 1 KB that the mock answers at once. */
export function plainBody(): string {
  return JSON.stringify({
    model: "gpt-4o-mini",
    messages: [
      { role: "system", content: "You are a helpful assistant." },
      { role: "user", content: words.repeat(13).trim() },
    ],
    temperature: 0.2,
  });
}

/** A streamed request of `tokens` events at `tokensPerSecond`. It asks for the usage chunk, so that Loom removes none. */
export function streamBody(tokens: number, tokensPerSecond: number): string {
  return JSON.stringify({
    model: "stream",
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: "user", content: words.repeat(3).trim() }],
    mock: { tokens, tokens_per_second: tokensPerSecond },
  });
}
