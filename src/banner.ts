// What a start prints: where everything is, what is missing, and a command to try. Plain text, no colours.
import type { Config } from "./config/config.js";
import { providerOf } from "./providers/provider-table.js";

export type BannerFacts = {
  readonly version: string;
  readonly readyMs: number;
  readonly url: string;
  readonly frontEnd: string;
  readonly database: string;
  readonly home: string;
  readonly madeDatabase: boolean;
  readonly keyFileMade: string | null;
  readonly demo: { readonly key: string; readonly file: string } | null;
  readonly notes: readonly string[];
};

function providerLine(config: Config): string {
  const configured = new Map(config.providers.map((settings) => [settings.name, settings]));
  const named = [...configured.values()].map((settings) => {
    const lacking = providerOf(settings.kind).lacks(settings);
    return lacking === null ? `${settings.name} ✓` : `${settings.name} – (${lacking})`;
  });
  if (!configured.has("openai")) named.push("openai – (set OPENAI_API_KEY)");
  if (!configured.has("azure-openai")) named.push("azure-openai – (set AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY)");
  return ["mock ✓", ...named].join("   ");
}

export function makeBanner(config: Config, facts: BannerFacts): string {
  const seconds = (facts.readyMs / 1000).toFixed(1);
  const first = facts.madeDatabase ? `        (first start; database created in ${facts.home})` : "";
  const lines = [
    `Loom ${facts.version}  ready in ${seconds} s${first}`,
    `  API        ${facts.url}/v1`,
    `  Dashboard  ${facts.url}/dashboard/`,
    `  Health     ${facts.url}/healthz   ${facts.url}/readyz`,
    `  Front end  ${facts.frontEnd}`,
    `  Database   ${facts.database}`,
    `  Providers  ${providerLine(config)}`,
    `  Default    a bare model name goes to ${config.defaultProvider}`,
  ];
  if (facts.keyFileMade !== null)
    lines.push(
      `  Keys       master key made in ${facts.keyFileMade} (mode 600): keep a copy, bodies cannot be read without it`,
    );
  if (facts.demo !== null) {
    lines.push(
      `  Demo key   ${facts.demo.key}   tenant "demo", saved in ${facts.demo.file}`,
      "",
      `  Try:  curl ${facts.url}/v1/chat/completions -H "Authorization: Bearer ${facts.demo.key}" \\`,
      `          -H "content-type: application/json" -d '{"model":"mock/echo","messages":[{"role":"user","content":"hi"}]}'`,
    );
  }
  for (const note of facts.notes) lines.push(`  Note       ${note}`);
  return `${lines.join("\n")}\n`;
}
