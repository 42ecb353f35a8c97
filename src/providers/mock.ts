// The mock provider that every gateway brings: OpenAI's API without a key, answered by the server in `mock/`.
import { openai } from "./openai.js";
import type { Provider } from "./provider.js";

/** What `GET /v1/models` shows of it; the behaviours are the mock server's. */
export const mockModels = [
  "echo",
  "stream",
  "tools",
  "error-429",
  "error-500",
  "timeout",
  "slow-first-byte",
  "cut",
] as const;

export const mock: Provider = {
  ...openai,
  kind: "mock",
  defaultBaseUrl: null,
  defaultAuth: "none",
  isBuiltIn: true,
  priceList: () => null,
  telemetryName: () => "loom.mock",
  lacks: () => null,
  // A mock answer to a real model's name would look like the real thing.
  takesBareModel: (model) => (mockModels as readonly string[]).includes(model),
};
