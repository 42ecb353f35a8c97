// The system's Chromium for journeys, a page that notes what it must not do, and what axe-core finds on it.
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumArgs, findChromium } from "./find-chromium.js";

export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error("no chromium is installed");
  return chromium.launch({ executablePath, args: chromiumArgs });
}

export type Theme = "light" | "dark";
export type WatchedPage = {
  readonly page: Page;
  /** Errors of the console, exceptions, refusals of the content security policy, requests to another host. */
  readonly faults: readonly string[];
  close(): Promise<void>;
};

export type PageOptions = {
  readonly key?: string;
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
};

/** A page in a browser profile of its own, signed in when a key is given. */
export async function openPage(browser: Browser, origin: string, options: PageOptions = {}): Promise<WatchedPage> {
  const { key, theme = "light", width = 1440, height = 900 } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
    acceptDownloads: true,
    timezoneId: "America/New_York",
  });
  if (key !== undefined)
    await context.addInitScript(
      `localStorage.getItem("loom.key") ?? localStorage.setItem("loom.key", ${JSON.stringify(key)})`,
    );
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // A refused request is a line of its own in the console; the journeys that provoke one look at the page.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      faults.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:") && !url.startsWith("blob:")) faults.push(`asked ${url}`);
  });
  return { page, faults, close: () => context.close() };
}

type AxeResult = {
  readonly violations: readonly { id: string; nodes: readonly { target: unknown; failureSummary?: string }[] }[];
};

const everything = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe-core finds wrong on the page, one line each; by all its rules, or by some. */
export async function findAccessFaults(page: Page, rules: readonly string[] = []): Promise<string[]> {
  const options = { runOnly: rules.length > 0 ? { type: "rule", values: rules } : everything };
  await page.evaluate(axe.source);
  const found = await page.evaluate<AxeResult>(`axe.run(document, ${JSON.stringify(options)})`);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id} at ${String(node.target)}: ${node.failureSummary?.split("\n").at(-1)?.trim() ?? ""}`),
  );
}
