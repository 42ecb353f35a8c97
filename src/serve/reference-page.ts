// The reference page of the query API: the OpenAPI document as one plain page, without a script.
import { createHash } from "node:crypto";
import type { HeaderList } from "../listen/exchange.js";

type Json = { readonly [key: string]: unknown };
type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: { readonly enum?: readonly string[]; readonly type?: string };
};
type Described = {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, Json>>;
  readonly "x-loom-scope"?: string;
};

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 6px; }
h2 { margin-top: 2.5rem; border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
`;

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => escapes[letter] ?? letter);
}

/** Text with `code` in it. */
function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

function describeOperation(path: string, operation: Described): string {
  const rows = operation.parameters.map(({ name, in: place, required, description = "", schema }) => {
    const choices = schema.enum === undefined ? "" : ` One of ${schema.enum.map((one) => `\`${one}\``).join(", ")}.`;
    const kind = `${place}${required ? ", required" : ""}`;
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code><td>${kind}<td>${prose(description + choices)}`;
  });
  const answers = Object.entries(operation.responses).map(([status, response]) => {
    const schema = JSON.stringify(response).match(/#\/components\/(?:schemas|responses)\/(\w+)/)?.[1];
    const shape = schema === undefined || schema.startsWith("Fault") ? "" : ` <a href="#${schema}">${schema}</a>`;
    const text = typeof response["description"] === "string" ? response["description"] : "An error.";
    return `<tr><th scope="row">${status}<td>${prose(text)}${shape}`;
  });
  const scope = operation["x-loom-scope"];
  return `<h2 id="${operation.operationId}">${escapeHtml(operation.summary)}</h2>
<pre>GET ${escapeHtml(path)}</pre>
<p>${prose(operation.description)}${scope === undefined ? "" : ` Scope: <code>${escapeHtml(scope)}</code>.`}</p>
<table><caption hidden>Parameters</caption>${rows.join("\n")}</table>
<h3>Answers</h3><table>${answers.join("\n")}</table>`;
}

/** The page, and the headers that it is sent with. */
export function makeReferencePage(document: Json): { body: string; headers: HeaderList } {
  const paths = Object.entries(document["paths"] as Record<string, { get: Described }>);
  const { schemas } = document["components"] as { schemas: Record<string, Json> };
  const shapes = Object.entries(schemas).map(
    ([name, schema]) => `<h3 id="${name}">${name}</h3><pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre>`,
  );
  const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Loom: API reference</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head><body><main>
<h1>Loom: API reference</h1>
<p>Send a client key as <code>Authorization: Bearer sk-loom-...</code>. For machines: <a href="/openapi.json">openapi.json</a>.</p>
<nav><ul>${paths.map(([path, { get }]) => `<li><a href="#${get.operationId}">GET ${escapeHtml(path)}</a>`).join("\n")}</ul></nav>
${paths.map(([path, { get }]) => describeOperation(path, get)).join("\n")}
<h2>Shapes</h2>${shapes.join("\n")}</main></body></html>`;
  const hash = createHash("sha256").update(style).digest("base64");
  return {
    body,
    headers: [
      ["content-type", "text/html; charset=utf-8"],
      ["cache-control", "no-cache"],
      [
        "content-security-policy",
        `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'`,
      ],
      ["x-content-type-options", "nosniff"],
      ["referrer-policy", "no-referrer"],
    ],
  };
}
