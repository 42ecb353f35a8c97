// Journeys of a reader who comes back: what was chosen (views, columns, zone) is still there, what was forgotten is gone,
// and two traces that were picked out of the list stand side by side.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "./support/find-chromium.js";
import { chat, openStand, type Stand, seed } from "./support/stand.js";

const week = "/traces?range=7d";

describe.skipIf(findChromium() === null)("a reader who comes back", () => {
  let stand: Stand;
  let key: string;
  let otherKey: string;

  beforeAll(async () => {
    stand = await openStand();
    await seed(stand, 600, 2);
    await stand.gateway.loom(["tenant", "create", "weavers"]);
    key = await stand.makeKey("seed-01", "bodies:read");
    otherKey = await stand.makeKey("weavers", "bodies:read");
  });
  afterAll(() => stand?.close());

  async function rowsOf(page: Page): Promise<void> {
    await page.locator(".grid-row").first().waitFor();
  }

  const headers = (page: Page): Promise<string[]> => page.getByRole("columnheader").allTextContents();

  async function choose(page: Page, menu: string, item: string): Promise<void> {
    await page.getByRole("button", { name: menu, exact: true }).click();
    await page.getByRole("menuitem", { name: item, exact: true }).click();
  }

  test("saves a view under a name, opens it after a reload with its time, filter and columns, and deletes it", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}${week}&q=outcome:error&cols=time,error`);
    await rowsOf(page);
    await choose(page, "Views", "Save this view …");
    await page.getByLabel("Name").fill("Failures");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.goto(`${stand.base}/traces?range=6h`);
    await page.reload();
    await choose(page, "Views", "Failures");
    await page.waitForURL((url) => url.searchParams.get("q") === "outcome:error");
    expect(new URL(page.url()).searchParams.get("range")).toBe("7d");
    await rowsOf(page);
    expect(await headers(page)).toEqual(["Time", "Error code"]);
    expect(await page.locator('.grid-row:not([data-outcome="error"])').count()).toBe(0);
    await choose(page, "Views", "Delete “Failures”");
    await page.reload();
    await page.getByRole("button", { name: "Views", exact: true }).click();
    await page.getByText("No saved views yet").waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test("finds the columns as they were left: after a reload, on the way back from another page, in a new tab", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(stand.base + week);
    await rowsOf(page);
    const usual = await headers(page);
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Trace id" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Provider" }).click();
    await page.keyboard.press("Escape");
    const chosen = [...usual.filter((name) => name !== "Provider"), "Trace id"];
    await expect.poll(() => headers(page)).toEqual(chosen);
    await page.reload();
    await expect.poll(() => headers(page)).toEqual(chosen);
    await page.keyboard.press("g");
    await page.keyboard.press("o");
    await page.waitForURL(/\/overview/);
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.waitForURL(/\/traces/);
    await expect.poll(() => headers(page)).toEqual(chosen);
    const tab = await page.context().newPage();
    await tab.goto(stand.base + week);
    await expect.poll(() => headers(tab)).toEqual(chosen);
    await choose(tab, "Columns", "Back to the default");
    await expect.poll(() => headers(tab)).toEqual(usual);
    await tab.reload();
    await expect.poll(() => headers(tab)).toEqual(usual);
    expect(faults).toEqual([]);
    await close();
  });

  test("compares two traces that were picked in the list: what differs stands first, the answers word by word", async () => {
    const ids: string[] = [];
    for (const content of ["a warm red scarf", "a warm blue scarf"])
      ids.push(await chat(stand, key, { model: "mock/echo", messages: [{ role: "user", content }] }));
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces?range=15m&q=model:mock/echo`);
    const panel = page.getByRole("region", { name: "Trace" });
    await page.locator(`a[href*="${ids[0]}"]`).click();
    await panel.getByRole("button", { name: "Compare", exact: true }).click();
    await panel.getByRole("button", { name: "Now open another" }).waitFor();
    await page.locator(`a[href*="${ids[1]}"]`).click();
    await panel.getByRole("button", { name: "Compare with the first" }).click();
    await page.waitForURL(new RegExp(`/compare/${ids[0]}/${ids[1]}`));
    const facts = page.getByRole("region", { name: "Facts", exact: true });
    await facts.locator(".compare-table").first().getByRole("rowheader", { name: "Duration" }).waitFor();
    expect(await facts.locator("details").getByRole("rowheader", { name: "Provider", exact: true }).count()).toBe(0);
    await facts.getByText("Equal in both").click();
    await facts.locator("details").getByRole("rowheader", { name: "Provider", exact: true }).waitFor();
    const diff = page.locator(".word-diff");
    await diff.waitFor();
    expect(await diff.locator("del").allTextContents()).toEqual(["red"]);
    expect(await diff.locator("ins").allTextContents()).toEqual(["blue"]);
    await page.getByRole("link", { name: "Swap" }).click();
    await page.waitForURL(new RegExp(`/compare/${ids[1]}/${ids[0]}`));
    await expect.poll(() => diff.locator("del").allTextContents()).toEqual(["blue"]);
    expect(faults).toEqual([]);
    await close();
  });

  test("keeps the zone that was chosen over a reload, and counts a chart's hours in it", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/overview?range=24h`);
    const chart = page.getByRole("region", { name: "Requests by outcome", exact: true });
    const firstTime = async (): Promise<string> => {
      await chart.getByRole("button", { name: "View as table" }).click();
      return (await chart.locator("tbody th").first().textContent()) ?? "";
    };
    // The page's zone is New York.
    const local = Date.parse(`${await firstTime()}Z`);
    await page.getByRole("button", { name: "UTC" }).click();
    await page.reload();
    const utc = Date.parse(`${await firstTime()}Z`);
    expect((utc - local) / 3_600_000).toBeGreaterThanOrEqual(4);
    expect((utc - local) / 3_600_000).toBeLessThanOrEqual(5);
    expect(faults).toEqual([]);
    await close();
  });

  test("is shown the keys by a question mark, except while it is a letter of what is being typed", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(stand.base + week);
    await rowsOf(page);
    await page.keyboard.press("/");
    await page.keyboard.type("?gtd");
    expect(await page.getByRole("combobox", { name: "Filter" }).inputValue()).toBe("?gtd");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
    await page.keyboard.press("Escape");
    await page.locator("main h1").click();
    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    for (const does of ["Go to the filter", "Next, previous row", "Copy as cURL", "Go anywhere"])
      await sheet.getByText(does).waitFor();
    // In a dialog the keys belong to it.
    await page.keyboard.press("d");
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await close();
  });

  test("leaves nothing behind for the next one at the same screen once the key is forgotten", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces?range=7d&q=outcome:error`);
    await rowsOf(page);
    await page.locator(".row-link").last().click();
    await page.waitForURL(/peek=/);
    const id = new URL(page.url()).searchParams.get("peek") ?? "";
    await page.getByRole("link", { name: "Open the whole page (Enter)" }).click();
    await page.locator(`article[data-trace-id="${id}"]`).waitFor();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.getByRole("button", { name: "Forget this key" }).click();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
    await page.getByLabel("Client key").fill(otherKey);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("weavers").first().waitFor();
    await page.getByRole("alert").getByText("(404)").waitFor();
    expect(await page.locator("article").count()).toBe(0);
    // Another window of the same browser is signed out along with it.
    const tab = await page.context().newPage();
    await tab.goto(`${stand.base}/keys`);
    await tab.getByText("weavers").first().waitFor();
    await page.getByRole("button", { name: "Forget this key" }).click();
    await tab.getByRole("heading", { name: "Sign in to Loom" }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});
