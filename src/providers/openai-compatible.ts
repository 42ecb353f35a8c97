// Any other server that speaks OpenAI's API at a base URL of its own: vLLM, Ollama, Mistral, Groq, a gateway.
import { openai } from "./openai.js";
import type { Provider } from "./provider.js";

/** Price lists under other names than the ones that people give to these providers. */
const otherNames: Readonly<Record<string, string>> = { xai: "x-ai", moonshot: "moonshotai", gemini: "google" };

/** The words of the GenAI conventions by the names that people give; every other server is `openai_compatible`. */
const telemetryNames: ReadonlyMap<string, string> = new Map([
  ["anthropic", "anthropic"],
  ["bedrock", "aws.bedrock"],
  ["cohere", "cohere"],
  ["deepseek", "deepseek"],
  ["gemini", "gcp.gemini"],
  ["google", "gcp.gemini"],
  ["groq", "groq"],
  ["mistral", "mistral_ai"],
  ["mistralai", "mistral_ai"],
  ["moonshot", "moonshot_ai"],
  ["moonshotai", "moonshot_ai"],
  ["perplexity", "perplexity"],
  ["vertex", "gcp.vertex_ai"],
  ["watsonx", "ibm.watsonx.ai"],
  ["x-ai", "x_ai"],
  ["xai", "x_ai"],
]);

export const openaiCompatible: Provider = {
  ...openai,
  kind: "openai-compatible",
  defaultBaseUrl: null,
  // A compatible server is believed its own name.
  priceList: (name) => otherNames[name.toLowerCase()] ?? name.toLowerCase(),
  telemetryName: (name) => telemetryNames.get(name.toLowerCase()) ?? "openai_compatible",
  lacks: (settings) => (settings.baseUrl === "" ? "set its base URL" : null),
};
