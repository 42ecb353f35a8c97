// The `gen_ai.provider.name` of a recorded exchange or attempt, by the provider's contract.
import { providerKinds } from "../../src/config/config.js";
import { providerOf } from "../../src/providers/provider-table.js";

/** `unknown` where no provider was tried. */
export function providerLabel(kind: string | null, name: string | null): string {
  const known = providerKinds.find((one) => one === kind);
  return known === undefined ? "unknown" : providerOf(known).telemetryName(name ?? "");
}
