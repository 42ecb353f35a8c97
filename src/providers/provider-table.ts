// The one place where a provider's name decides anything.
import type { ProviderKind } from "../config/config.js";
import { azureOpenai } from "./azure-openai.js";
import { mock } from "./mock.js";
import { openai } from "./openai.js";
import { openaiCompatible } from "./openai-compatible.js";
import type { Provider } from "./provider.js";

const providers: Readonly<Record<ProviderKind, Provider>> = {
  openai,
  "azure-openai": azureOpenai,
  "openai-compatible": openaiCompatible,
  mock,
};

export function providerOf(kind: ProviderKind): Provider {
  return providers[kind];
}
