import { describe, expect, it } from "vitest";
import { type BannerFacts, makeBanner } from "../../../src/banner.js";
import type { Config, ProviderSettings } from "../../../src/config/config.js";
import { Secret } from "../../../src/config/secret.js";

function provider(name: string, kind: ProviderSettings["kind"], key: string | null): ProviderSettings {
  const credential = key === null ? null : new Secret(key);
  return { name, kind, baseUrl: "https://p.test", credential, auth: "bearer", apiVersion: null, deployments: {} };
}

/** The banner reads no more of the configuration than this. */
const config = (...providers: ProviderSettings[]) => ({ providers, defaultProvider: "mock" }) as unknown as Config;
const facts: BannerFacts = {
  version: "1.2.3",
  readyMs: 1849,
  url: "http://127.0.0.1:8080",
  frontEnd: "uWebSockets.js 20.57.0",
  database: "embedded",
  home: "/home/loom",
  madeDatabase: false,
  keyFileMade: null,
  demo: null,
  notes: [],
};

describe("the banner", () => {
  it("says where everything is", () => {
    const banner = makeBanner(config(), facts);
    expect(banner.split("\n")[0]).toBe("Loom 1.2.3  ready in 1.8 s");
    for (const text of ["http://127.0.0.1:8080/v1", "/healthz", "uWebSockets.js 20.57.0", "embedded", "goes to mock"]) {
      expect(banner).toContain(text);
    }
    expect(banner.endsWith("\n")).toBe(true);
    expect(banner).not.toContain("undefined");
  });

  it("says what each provider lacks, and never a key", () => {
    const banner = makeBanner(
      config(provider("openai", "openai", "sk-secret"), provider("az", "azure-openai", null)),
      facts,
    );
    expect(banner).toContain("openai ✓");
    expect(banner).toContain("az – (set AZURE_OPENAI_API_KEY)");
    expect(banner).not.toContain("sk-secret");
    expect(banner).not.toContain("OPENAI_API_KEY)   openai");
  });

  it("says how providers that are not there come to be", () => {
    const banner = makeBanner(config(), facts);
    expect(banner).toContain("openai – (set OPENAI_API_KEY)");
    expect(banner).toContain("azure-openai – (set AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY)");
  });

  it("tells of a first start, a new key file, a demo key with a command to try, and of notes", () => {
    const banner = makeBanner(config(), {
      ...facts,
      madeDatabase: true,
      keyFileMade: "/home/loom/master.key",
      demo: { key: "sk-loom-demo-1", file: "/home/loom/demo.json" },
      notes: ["one", "two"],
    });
    expect(banner).toContain("first start; database created in /home/loom");
    expect(banner).toContain("master key made in /home/loom/master.key");
    expect(banner).toContain(
      'curl http://127.0.0.1:8080/v1/chat/completions -H "Authorization: Bearer sk-loom-demo-1"',
    );
    expect(banner.match(/^ {2}Note {7}(one|two)$/gm)).toHaveLength(2);
  });

  it("ends its command in a body that is JSON", () => {
    const banner = makeBanner(config(), { ...facts, demo: { key: "k", file: "f" } });
    const body = /-d '([^']+)'/.exec(banner)?.[1] ?? "";
    expect(JSON.parse(body)).toMatchObject({ model: "mock/echo" });
  });
});
