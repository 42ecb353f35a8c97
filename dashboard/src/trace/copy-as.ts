// A request as a program that sends it again. The key is always the name of a variable, never a key.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Snippet = { readonly origin: string; readonly endpoint: string; readonly body: string };

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function makeCurl({ origin, endpoint, body }: Snippet): string {
  return [
    `curl ${shellQuote(`${origin}${endpoint}`)} \\`,
    '  -H "Authorization: Bearer $LOOM_API_KEY" \\',
    '  -H "content-type: application/json" \\',
    `  -d ${shellQuote(body)}`,
  ].join("\n");
}

export function makeNode({ origin, body }: Snippet): string {
  const request = JSON.parse(body) as { stream?: boolean };
  const use =
    request.stream === true
      ? 'for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");'
      : "console.log(answer.choices[0].message);";
  return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.LOOM_API_KEY });
const answer = await client.chat.completions.create(${JSON.stringify(request, null, 2)});
${use}
`;
}

export function makePython({ origin, body }: Snippet): string {
  const request = JSON.parse(body) as { readonly [key: string]: Json };
  const args = Object.entries(request).map(([name, value]) => `    ${name}=${printPython(value, 4)},\n`);
  const use =
    request["stream"] === true
      ? 'for chunk in answer:\n    print(chunk.choices[0].delta.content or "", end="")'
      : "print(answer.choices[0].message)";
  return `import os
from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=os.environ["LOOM_API_KEY"])
answer = client.chat.completions.create(
${args.join("")})
${use}
`;
}

/** A JSON value as a Python literal. JSON's string escapes are all valid in Python. */
function printPython(value: Json, indent: number): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = " ".repeat(indent + 4);
  const outer = " ".repeat(indent);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((one: Json) => `${inner}${printPython(one, indent + 4)},\n`).join("")}${outer}]`;
  }
  const entries = Object.entries(value as { readonly [key: string]: Json });
  if (entries.length === 0) return "{}";
  return `{\n${entries.map(([name, one]) => `${inner}${JSON.stringify(name)}: ${printPython(one, indent + 4)},\n`).join("")}${outer}}`;
}
