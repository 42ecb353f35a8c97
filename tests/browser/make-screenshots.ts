// Makes docs/images/*.png: `npm run screenshots`. A gateway of its own with made-up traces, in the system's Chromium.
// With SCREENSHOTS=<folder>, every page in both themes goes there instead, to be looked at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, test, vi } from "vitest";
import type { Theme } from "./support/chromium.js";
import { chat, openStand, seed } from "./support/stand.js";

const everyPage = process.env["SCREENSHOTS"];
const folder = everyPage ?? fileURLToPath(new URL("../../docs/images/", import.meta.url));
const settleMs = 1500;

/** Name -> theme and path; small enough for a repository. */
type Shot = {
  readonly name: string;
  readonly theme: Theme;
  readonly path: (id: string) => string;
  readonly ready: string;
};
const shots: readonly Shot[] = [
  { name: "overview-light", theme: "light", path: () => "/overview?range=7d", ready: ".chart canvas" },
  { name: "traces-dark", theme: "dark", path: () => "/traces?range=7d", ready: ".grid-row" },
  { name: "trace-light", theme: "light", path: (id) => `/traces/${id}?tab=messages`, ready: ".message" },
];

const tabs = ["timing", "messages", "raw", "headers", "stream", "cost", "record"];
/** Path -> what says that the page is there. */
const pages: readonly (readonly [name: string, path: (id: string) => string, ready: string])[] = [
  ["overview", () => "/overview?range=7d", ".chart canvas"],
  ["traces", () => "/traces?range=7d", ".grid-row"],
  ["peek", (id) => `/traces?range=7d&peek=${id}`, ".grid-row"],
  ...tabs.map((tab) => [`trace-${tab}`, (id: string) => `/traces/${id}?tab=${tab}`, "article.trace"] as const),
  ["compare", (id) => `/compare/${id}/${id}`, "main h1"],
  ["sessions", () => "/sessions?range=7d", "main h1"],
  ["playground", () => "/playground", "main h1"],
  ["keys", () => "/keys?range=7d", "main h1"],
];
const bothThemes = (["light", "dark"] as const).flatMap((theme) =>
  pages.map(([name, path, ready]): Shot => ({ name: `${name}-${theme}`, theme, path, ready })),
);

test("screenshots for README and docs", { timeout: 180_000 }, async () => {
  expect(inject("database").kind).toBe("server");
  mkdirSync(folder, { recursive: true });
  const stand = await openStand();
  try {
    await seed(stand, 12_000, 4);
    const key = await stand.makeKey("seed-01", "bodies:read");
    const messages = [
      { role: "system", content: "You help customers of a shop for climbing gear. Be brief." },
      { role: "user", content: "Where is my order 4711? It should have come on Tuesday." },
    ];
    const parameters = { type: "object", properties: { order: { type: "integer" } } };
    const tools = [{ type: "function", function: { name: "find_order", parameters } }];
    const id = await chat(stand, key, { model: "mock/tools", messages, tools, stream: true, temperature: 0.2 });
    await vi.waitUntil(async () => {
      const { rowCount } = await stand.gateway.pool.query("SELECT 1 FROM loom.traces WHERE id = $1", [id]);
      return rowCount === 1;
    });
    for (const { name, theme, path, ready } of everyPage === undefined ? shots : bothThemes) {
      const { page, close } = await stand.open({ key, theme, width: 1200, height: 700 });
      await page.goto(stand.base + path(id));
      await page.locator(ready).first().waitFor();
      await page.waitForLoadState("networkidle");
      await page.waitForTimeout(settleMs);
      await page.screenshot({ path: join(folder, `${name}.png`) });
      await close();
    }
  } finally {
    await stand.close();
  }
});
