// Any other server that speaks OpenAI's API at a base URL of its own: vLLM, Ollama, Mistral, Groq, a gateway.
import { openai } from "./openai.js";
import type { Provider } from "./provider.js";

export const openaiCompatible: Provider = {
  ...openai,
  kind: "openai-compatible",
  defaultBaseUrl: null,
  lacks: (settings) => (settings.baseUrl === "" ? "set its base URL" : null),
};
