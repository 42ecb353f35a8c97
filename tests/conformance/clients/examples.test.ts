// Every example of examples/, run as its README says, against a gateway's own mock provider.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithDatabase } from "../../support/database.js";
import { startTestGateway, type TestGateway } from "../../support/gateway.js";

const folder = fileURLToPath(new URL("../../../examples", import.meta.url));

type Manifest = { dependencies?: Record<string, string>; devDependencies?: Record<string, string> };
const readManifest = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Manifest;

const expected: Readonly<Record<string, readonly RegExp[]>> = {
  "openai-node.js": [/^chat: Hello, Loom\.$/m, /^trace: [0-9a-f-]{36}$/m, /^stream: Hello, Loom\.$/m, /^embedding: 8/m],
  "vercel-ai-sdk.js": [/^chat: Hello, Loom\. \(15 tokens\)$/m, /^stream: Hello, Loom\.$/m, /^response: Hello from/m],
  "langchain.js": [/^chat: Hello, Loom\.$/m, /^stream: Hello, Loom\.$/m, /^embedding: \d+ numbers$/m],
  "curl.sh": [/"content":"Hello, Loom\."/, /^data: \[DONE\]$/m, /"mock\/canned"/],
};

describeWithDatabase("the examples", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway();
  });
  afterAll(() => gateway.close());

  function run(file: string): Promise<{ code: number | null; printed: string }> {
    const env = { PATH: process.env.PATH, LOOM_URL: gateway.url, LOOM_KEY: gateway.key, LOOM_MODEL: "mock/echo" };
    const command = file.endsWith(".sh") ? "sh" : process.execPath;
    const child = spawn(command, [file], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    child.stdout.on("data", (text) => (printed += String(text)));
    child.stderr.on("data", (text) => (printed += String(text)));
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, printed })));
  }

  test.each(Object.entries(expected))("%s runs as it is", async (file, patterns) => {
    const { code, printed } = await run(file);
    for (const pattern of patterns) expect(printed).toMatch(pattern);
    expect(code).toBe(0);
  });

  test("are all run here, with the versions that the suite holds equal", () => {
    expect(readdirSync(folder).filter((name) => /\.(js|sh|ts)$/.test(name))).toEqual(Object.keys(expected).toSorted());
    const root = readManifest(`${folder}/../package.json`).devDependencies ?? {};
    for (const [name, version] of Object.entries(readManifest(`${folder}/package.json`).dependencies ?? {})) {
      expect([name, root[name]]).toEqual([name, version]);
    }
  });
});
