import { describe, expect, it } from "vitest";
import type { ProbeRequest, ProviderProbe } from "../../../../src/probe-providers.js";
import { makeTools } from "./fake-tools.js";

const works: ProviderProbe = {
  name: "openai",
  kind: "openai",
  baseUrl: "https://api.openai.com/v1",
  state: "ok",
  status: 200,
  latencyMs: 12,
  detail: "3 models",
};
const fails: ProviderProbe = { ...works, name: "azure", state: "failed", status: 401, detail: "HTTP 401" };

function toolsFor(...probes: ProviderProbe[]) {
  const asked: ProbeRequest[] = [];
  const made = makeTools({
    env: { LOOM_HOME: "/tmp/x" },
    probeProviders: async (_config, request) => {
      asked.push(request);
      return probes;
    },
  });
  return { ...made, asked };
}

describe("provider test", () => {
  it("shows what each answered, and ends with 0 when all did", async () => {
    const { run, asked } = toolsFor(works);
    const { code, out } = await run("provider", "test");
    expect(out).toMatch(/openai .*ok +12 +3 models/);
    expect(code).toBe(0);
    expect(asked).toEqual([{ name: null, tenant: null, model: null }]);
  });

  it("ends with 1 when one did not", async () => {
    const { run, asked } = toolsFor(works, fails);
    const { code, out } = await run("provider", "test", "azure", "--tenant", "acme", "--model", "m", "--json");
    expect(JSON.parse(out)).toEqual([works, fails]);
    expect(code).toBe(1);
    expect(asked).toEqual([{ name: "azure", tenant: "acme", model: "m" }]);
  });
});
