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

/** A chat request of about so many bytes, of text that compresses as text does. */
export function largeBody(bytes: number): string {
  const text = Array.from({ length: Math.ceil(bytes / words.length) }, (_, at) => `${at} ${words}`).join("");
  return JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: text.slice(0, bytes) }] });
}

/** A question about pictures, in base64 as clients send them: `imageBytes` of noise for each, which nothing compresses. */
export function imageBody(images: number, imageBytes: number): string {
  const pictures = Array.from({ length: images }, (_, at) => ({
    type: "image_url",
    image_url: { url: `data:image/png;base64,${makeNoise(imageBytes, at + 1).toString("base64")}` },
  }));
  const content = [{ type: "text", text: "What is in these pictures?" }, ...pictures];
  return JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content }] });
}

/** The same bytes for the same seed (xorshift32), so that every run sends the same bodies. */
function makeNoise(bytes: number, seed: number): Buffer {
  const noise = Buffer.allocUnsafe(bytes);
  let state = seed * 2_654_435_761;
  for (let at = 0; at < bytes; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[at] = state;
  }
  return noise;
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
