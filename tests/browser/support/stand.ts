// Where journeys take place: the compiled gateway with the built dashboard, the mock provider, a browser, and tenants in
// the states that the journeys need.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { startTestGateway, type TestGateway } from "../../support/gateway.js";
import { launchChromium, openPage, type PageOptions, type WatchedPage } from "./chromium.js";

export type Stand = {
  readonly gateway: TestGateway;
  readonly browser: Browser;
  /** `http://127.0.0.1:41234/dashboard` */
  readonly base: string;
  open(options?: PageOptions): Promise<WatchedPage>;
  /** A new key of a tenant. */
  makeKey(tenant: string, scopes?: string): Promise<string>;
  close(): Promise<void>;
};

const builtPage = fileURLToPath(new URL("../../../dashboard/dist/index.html", import.meta.url));

export async function openStand(): Promise<Stand> {
  if (!existsSync(builtPage)) throw new Error("dashboard/dist is missing: run `npm run build` before this test");
  const [gateway, browser] = await Promise.all([startTestGateway(), launchChromium()]);
  const run = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await gateway.loom(args);
    if (code !== 0) throw new Error(`loom ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  return {
    gateway,
    browser,
    base: `${gateway.url}/dashboard`,
    open: (options = {}) => openPage(browser, gateway.url, options),
    makeKey: (tenant, scopes = "") =>
      run(["key", "create", "--tenant", tenant, "--name", "journey", ...(scopes === "" ? [] : ["--scopes", scopes])]),
    async close() {
      await browser.close();
      await gateway.close();
    },
  };
}

/** Adds made-up traces of the tenant `seed-01`. */
export async function seed(stand: Stand, rows: number, days: number): Promise<void> {
  const args = ["seed", "--rows", String(rows), "--days", String(days), "--tenants", "1"];
  const { code, stderr } = await stand.gateway.loom(args);
  if (code !== 0) throw new Error(`loom seed: ${stderr}`);
}

/** One exchange through the gateway; resolves to its trace id once the answer is whole. */
export async function chat(
  stand: Stand,
  key: string,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const response = await fetch(`${stand.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  await response.text();
  return response.headers.get("x-loom-trace-id") ?? "";
}
