// Any other server that speaks OpenAI's API at a base URL of its own: vLLM, Ollama, Mistral, Groq, a gateway.
import { openai } from "./openai.js";
import type { Provider } from "./provider.js";

/** Price lists under other names than the ones that people give to these providers. */
const otherNames: Readonly<Record<string, string>> = { xai: "x-ai", moonshot: "moonshotai", gemini: "google" };

export const openaiCompatible: Provider = {
  ...openai,
  kind: "openai-compatible",
  defaultBaseUrl: null,
  // A compatible server is believed its own name.
  priceList: (name) => otherNames[name.toLowerCase()] ?? name.toLowerCase(),
  lacks: (settings) => (settings.baseUrl === "" ? "set its base URL" : null),
};
