// Every page in both themes: axe-core finds nothing, nothing is inline, nothing asks another host; and the first load
// stays small.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findAccessFaults, type Theme, type WatchedPage } from "./support/chromium.js";
import { findChromium } from "./support/find-chromium.js";
import { chat, openStand, type Stand, seed } from "./support/stand.js";

const firstLoadBytesMax = 200 * 1024;
const themes: readonly Theme[] = ["light", "dark"];

describe.skipIf(findChromium() === null)("every page", () => {
  let stand: Stand;
  let key: string;
  let first: string;
  let second: string;

  beforeAll(async () => {
    stand = await openStand();
    await seed(stand, 600, 1);
    key = await stand.makeKey("seed-01", "bodies:read");
    const messages = [{ role: "user", content: "What is on the loom?" }];
    const session = { "x-session-id": "journey-1" };
    first = await chat(stand, key, { model: "mock/tools", messages, stream: true }, session);
    second = await chat(stand, key, { model: "mock/echo", messages }, session);
    // The record is written a moment after the answer.
    await vi.waitUntil(async () => {
      const { rowCount } = await stand.gateway.pool.query("SELECT 1 FROM loom.traces WHERE id = $1", [second]);
      return rowCount === 1;
    });
  });
  afterAll(() => stand?.close());

  const pages: readonly (readonly [name: string, path: () => string, ready: string])[] = [
    ["overview", () => "/overview?range=7d", ".chart canvas"],
    ["traces", () => "/traces?range=7d", ".grid-row"],
    ["peek", () => `/traces?range=7d&peek=${first}`, ".waterfall"],
    ["trace", () => `/traces/${first}?tab=messages`, ".message"],
    ["raw", () => `/traces/${second}?tab=raw`, ".json-line"],
    ["headers", () => `/traces/${first}?tab=headers`, ".header-list td"],
    ["stream", () => `/traces/${first}?tab=stream`, ".stream-list td"],
    ["cost", () => `/traces/${first}?tab=cost`, ".pairs"],
    ["record", () => `/traces/${first}?tab=record`, ".pair"],
    ["compare", () => `/compare/${first}/${second}`, ".word-diff"],
    ["sessions", () => "/sessions?range=7d", ".sessions-card td"],
    ["session", () => "/sessions?range=7d&session=journey-1", ".message"],
    ["playground", () => `/playground?replay=${second}`, ".playground-message"],
    ["keys", () => "/keys?range=7d", ".keys-card td"],
    ["no traces", () => "/traces?range=5m&q=model:nothing", ".empty"],
  ];

  describe("in both themes", () => {
    let watched: WatchedPage;

    beforeAll(async () => {
      watched = await stand.open({ key, width: 1280, height: 640 });
    });
    afterAll(() => watched?.close());

    test.each(pages)("is accessible, and asks nobody else: %s", async (_name, path, ready) => {
      const { page, faults } = watched;
      await page.goto(stand.base + path());
      await page.locator(ready).first().waitFor();
      expect(await findAccessFaults(page)).toEqual([]);
      await page.getByRole("button", { name: "Dark", exact: true }).click();
      await expect.poll(() => page.locator("html").getAttribute("data-theme")).toBe("dark");
      // What else axe looks at is the same in both.
      expect(await findAccessFaults(page, ["color-contrast"])).toEqual([]);
      await page.getByRole("button", { name: "Light", exact: true }).click();
      expect(faults).toEqual([]);
    });
  });

  test("shows every key in a small window, where the page scrolls and not the card", async () => {
    const { page, close } = await stand.open({ key, width: 1280, height: 480 });
    await page.goto(`${stand.base}/keys?range=7d`);
    const card = page.locator(".keys-card");
    await card.locator("td").first().waitFor();
    expect(await card.evaluate((one) => one.scrollHeight - one.clientHeight)).toBeLessThanOrEqual(1);
    await close();
  });

  test.each(themes)("is accessible in the %s theme: sign-in", async (theme) => {
    const { page, faults, close } = await stand.open({ theme });
    await page.goto(stand.base);
    await page.getByRole("heading", { name: "Sign in to Loom" }).waitFor();
    expect(await page.locator("html").getAttribute("data-theme")).toBe(theme);
    expect(await findAccessFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  test("has its menus, dialogs and popups in order, by keyboard alone", async () => {
    const { page, faults, close } = await stand.open({ key, width: 1280, height: 640 });
    await page.goto(`${stand.base}/traces?range=7d`);
    await page.locator(".grid-row").first().waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    expect(await findAccessFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("t");
    await page.getByLabel("Time as text").fill("45m");
    expect(await findAccessFaults(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL(/range=45m/);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /Go to a page/ }).fill("keys");
    expect(await findAccessFaults(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/keys/);
    await page.keyboard.press("g");
    await page.keyboard.press("o");
    await page.waitForURL(/\/overview/);
    await page.keyboard.press("d");
    await expect.poll(() => page.locator("html").getAttribute("data-theme")).toBe("dark");
    await page.goto(`${stand.base}/traces/${first}?tab=raw`);
    await page.getByRole("tab", { name: "Raw" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForURL(/tab=headers/);
    await page.getByRole("table", { name: "Of the provider's answer" }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test("shows times in the zone that was chosen, in tables and charts alike", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces?range=7d`);
    const time = page.locator(".grid-row time").first();
    await time.waitFor();
    const shown = async (): Promise<number> => Number(/(\d\d):\d\d:\d\d/.exec((await time.textContent()) ?? "")?.[1]);
    const local = await shown();
    await page.getByRole("button", { name: "UTC" }).click();
    const utcHour = new Date((await time.getAttribute("datetime")) ?? "").getUTCHours();
    expect(await shown()).toBe(utcHour);
    // The page's zone is New York.
    expect(local).not.toBe(utcHour);
    expect(faults).toEqual([]);
    await close();
  });

  test("is small on the first load, compressed, and kept by the browser", async () => {
    const { page, faults, close } = await stand.open({ key });
    const sizes = new Map<string, number>();
    page.on("response", async (response) => {
      const path = new URL(response.url()).pathname;
      if (!path.startsWith("/dashboard/")) return;
      const { responseBodySize } = await response.request().sizes();
      sizes.set(path, responseBodySize);
    });
    await page.goto(`${stand.base}/traces?range=7d`);
    await page.locator(".grid-row").first().waitFor();
    await page.waitForLoadState("networkidle");
    const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    const paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime");
    console.log(
      `first load ${(total / 1024).toFixed(1)} KB in ${sizes.size} files; first contentful paint after ${Math.round(Number(paint))} ms`,
    );
    expect(sizes.size).toBeGreaterThan(3);
    expect(total).toBeLessThan(firstLoadBytesMax);
    const html = await page.request.get(`${stand.base}/traces`);
    expect(html.headers()["content-security-policy"]).toContain("script-src 'self'");
    expect(await html.text()).not.toMatch(/<style|<script(?![^>]* src=)|style=/);
    expect(faults).toEqual([]);
    await close();
  });
});
