// Journeys through much: 10,000 rows scrolled, filters and the back button, columns, export, charts that lead on.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAccessFaults } from "./support/chromium.js";
import { findChromium } from "./support/find-chromium.js";
import { describeFigures, measurePage } from "./support/page-figures.js";
import { openStand, type Stand, seed } from "./support/stand.js";

const rows = 10_500;
const pageRows = 100;
/** Files of the dashboard, compressed, that one page needs. */
const loadBytesMax = 250 * 1024;

function lastRow(page: Page): Promise<number> {
  return page.evaluate<number>(
    "Math.max(0, ...[...document.querySelectorAll('.grid-row')].map((row) => Number(row.getAttribute('aria-rowindex')) - 1))",
  );
}

describe.skipIf(findChromium() === null)("a tenant with many traces", () => {
  let stand: Stand;
  let key: string;

  beforeAll(async () => {
    stand = await openStand();
    await seed(stand, rows, 2);
    key = await stand.makeKey("seed-01", "bodies:read");
  });
  afterAll(() => stand?.close());

  test("scrolls through 10,000 rows: one request a page, few elements, nothing that blocks for long", async () => {
    const { page, faults, close } = await stand.open({ key });
    const asked: string[] = [];
    page.on("request", (request) => {
      if (new URL(request.url()).pathname.startsWith("/v1/traces")) asked.push(request.url());
    });
    await page.goto(`${stand.base}/traces?range=7d`);
    await page.getByRole("grid").getByRole("row").nth(5).waitFor();
    expect(asked).toHaveLength(1);
    await page.evaluate(
      "window.tasks = []; new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration))).observe({ type: 'longtask', buffered: false }); 0",
    );
    // Of the page's main thread alone, so that a busy machine does not count.
    const metrics = await page.context().newCDPSession(page);
    await metrics.send("Performance.enable", { timeDomain: "threadTicks" });
    const startedAt = performance.now();
    let reached = 0;
    while (reached < 10_000 && performance.now() - startedAt < 100_000) {
      await page.evaluate(
        "{ const place = document.querySelector('.grid-scroller'); place.scrollTop = place.scrollHeight; }",
      );
      await page.waitForTimeout(15);
      reached = await lastRow(page);
    }
    const { metrics: spent } = await metrics.send("Performance.getMetrics");
    const cpuMs = 1000 * (spent.find(({ name }) => name === "TaskDuration")?.value ?? 0);
    const tasks = await page.evaluate<number[]>("tasks");
    const elements = await page.evaluate<number>("document.querySelectorAll('*').length");
    const total = tasks.reduce((sum, ms) => sum + ms, 0);
    console.log(
      `${reached} rows in ${Math.round(performance.now() - startedAt)} ms; ${elements} elements; ${Math.round(cpuMs)} ms of CPU on the main thread; ${tasks.length} long tasks, ${Math.round(total)} ms in all, longest ${Math.round(Math.max(0, ...tasks))} ms`,
    );
    expect(reached).toBeGreaterThanOrEqual(10_000);
    expect(asked.length).toBeLessThanOrEqual(Math.ceil(rows / pageRows) + 1);
    expect(elements).toBeLessThan(3000);
    expect(Math.max(0, ...tasks)).toBeLessThan(1000);
    expect(faults).toEqual([]);
    await close();
  });

  test("loads each page without a shift of what is read, and says how soon it was there", async () => {
    const { rows: found } = await stand.gateway.pool.query<{ id: string }>(
      "SELECT t.id FROM loom.traces t JOIN loom.tenants n ON n.id = t.tenant_id WHERE n.name = 'seed-01' ORDER BY t.created_at DESC LIMIT 1",
    );
    const pages = [
      ["traces", "/traces?range=7d", ".grid-row"],
      ["overview", "/overview?range=7d", ".chart canvas"],
      ["trace", `/traces/${found[0]?.id}?tab=messages`, "article.trace"],
    ] as const;
    for (const slowness of [1, 4]) {
      for (const [name, path, ready] of pages) {
        const watched = await stand.open({ key });
        const figures = await measurePage(watched, stand.base + path, ready, slowness);
        console.log(describeFigures(name, slowness, figures));
        // Times are the machine's; what is sent and what moves are ours.
        expect(figures.firstPaintMs).toBeLessThanOrEqual(figures.largestPaintMs);
        expect(figures.layoutShift).toBeLessThan(0.1);
        expect(figures.fileBytes).toBeLessThan(loadBytesMax);
        expect(watched.faults).toEqual([]);
        await watched.close();
      }
    }
  });

  test("filters by typing and by facet, and the back button takes each step back", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces?range=7d`);
    await page.getByRole("grid").getByRole("row").nth(5).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("outc");
    await page.getByRole("option", { name: /^outcome:/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.type("err");
    await page.getByRole("option", { name: "outcome:error" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=outcome:error/);
    await page.locator('.grid-row:not([data-outcome="error"])').first().waitFor({ state: "detached" });
    const facets = page.getByRole("complementary", { name: "Facets" });
    await facets.locator("section", { hasText: "Model" }).getByRole("button").first().click();
    await page.waitForURL(/model:/);
    await page.goBack();
    await page.waitForURL((url) => url.searchParams.get("q") === "outcome:error");
    expect(await page.getByRole("combobox", { name: "Filter" }).inputValue()).toBe("outcome:error");
    await page.goBack();
    await page.waitForURL((url) => url.searchParams.get("q") === null);
    await page.getByRole("combobox", { name: "Filter" }).fill("colour:blue");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").first().waitFor();
    expect(await page.locator(".filter-fault mark").textContent()).toContain("colour");
    expect(faults).toEqual([]);
    await close();
  });

  test("keeps the letters in the order in which they are typed behind a suggestion, on a slow machine too", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces?range=7d`);
    await page.getByRole("grid").getByRole("row").nth(5).waitFor();
    await page.evaluate("window.requestAnimationFrame = (run) => setTimeout(run, 50); 0");
    await page.keyboard.press("/");
    await page.keyboard.type("outc");
    await page.getByRole("option", { name: /^outcome:/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.type("erro", { delay: 30 });
    expect(await page.getByRole("combobox", { name: "Filter" }).inputValue()).toBe("outcome:erro");
    expect(faults).toEqual([]);
    await close();
  });

  test("walks through the list with j and k, in a panel whose address can be shared", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/traces?range=7d`);
    await page.getByRole("grid").getByRole("row").nth(5).waitFor();
    await page.keyboard.press("j");
    await page.waitForURL(/peek=/);
    const first = new URL(page.url()).searchParams.get("peek");
    await page.keyboard.press("j");
    await page.waitForURL((url) => url.searchParams.get("peek") !== first);
    const second = new URL(page.url()).searchParams.get("peek");
    const other = await stand.open({ key });
    await other.page.goto(page.url());
    await other.page.locator(`article[data-trace-id="${second}"]`).waitFor();
    await other.close();
    await page.keyboard.press("k");
    await page.waitForURL((url) => url.searchParams.get("peek") === first);
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => url.searchParams.get("peek") === null);
    expect(faults).toEqual([]);
    await close();
  });

  test("exports the filter and the columns in sight, as a download where files cannot be written", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.addInitScript("delete window.showSaveFilePicker");
    await page.goto(`${stand.base}/traces?range=7d&q=outcome:error&cols=time,model,error`);
    await page.getByRole("grid").getByRole("row").nth(2).waitFor();
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "CSV, the columns in sight" }).click(),
    ]);
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\r\n");
    expect(lines[0]).toBe("createdAt,model,responseModel,errorCode");
    const counted = await stand.gateway.pool.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM loom.traces t JOIN loom.tenants n ON n.id = t.tenant_id WHERE n.name = 'seed-01' AND outcome = 'error'",
    );
    expect(lines.length - 1).toBe(counted.rows[0]?.n);
    // More than the page takes into its memory: it says so, and how to have the rest.
    await page.route(/traces\/export.*limit=100000/, (route) => route.fulfill({ body: "{}\n".repeat(100_000) }));
    await page.getByRole("button", { name: "Export", exact: true }).click();
    await page.getByRole("menuitem", { name: "JSON lines, all columns" }).click();
    const dialog = page.getByRole("dialog", { name: "The file holds the newest 100,000 rows" });
    await dialog.getByText(`${stand.gateway.url}/v1/traces/export?from=`).waitFor();
    expect(await findAccessFaults(page)).toEqual([]);
    expect(await dialog.locator("pre").textContent()).not.toMatch(/limit=|sk-loom/);
    expect(faults).toEqual([]);
    await close();
  });

  test("writes an export of all rows to the file that was chosen while it comes, and can be stopped", async () => {
    const { page, faults, close } = await stand.open({ key });
    // The dialog is the system's own; a file of the page's own storage stands in for what is chosen there.
    await page.addInitScript(
      "window.showSaveFilePicker = async ({ suggestedName }) => { window.chosen = suggestedName; return (await navigator.storage.getDirectory()).getFileHandle('export', { create: true }); }",
    );
    const asked: URL[] = [];
    page.on("request", (request) => asked.push(new URL(request.url())));
    await page.goto(`${stand.base}/traces?range=7d&cols=time,model`);
    await page.getByRole("grid").getByRole("row").nth(2).waitFor();
    const written = () =>
      page.evaluate<string>(
        "navigator.storage.getDirectory().then(async (folder) => (await (await folder.getFileHandle('export')).getFile()).text())",
      );
    const run = async (item: string) => {
      await page.getByRole("button", { name: "Export", exact: true }).click();
      await page.getByText("This filter, all rows").waitFor();
      await page.getByRole("menuitem", { name: item }).click();
    };
    await run("CSV, the columns in sight");
    await page.getByRole("button", { name: /^Stop the export/ }).waitFor();
    await page.getByRole("button", { name: "Export", exact: true }).waitFor({ timeout: 60_000 });
    expect((await written()).trim().split("\r\n")).toHaveLength(rows + 1);
    expect(await page.evaluate("window.chosen")).toMatch(/^loom-traces-[\dT-]+\.csv$/);
    expect(asked.find(({ pathname }) => pathname === "/v1/traces/export")?.searchParams.has("limit")).toBe(false);
    const network = await page.context().newCDPSession(page);
    const slow = { offline: false, latency: 0, uploadThroughput: -1, downloadThroughput: 300_000 };
    await network.send("Network.emulateNetworkConditions", slow);
    await run("JSON lines, all columns");
    await page.getByRole("button", { name: /^Stop the export, [1-9]/ }).click();
    await page.getByRole("button", { name: "Export", exact: true }).waitFor();
    // What was there before: nothing of a part is kept.
    expect((await written()).startsWith("createdAt,model")).toBe(true);
    expect(faults).toEqual([]);
    await close();
  });

  test("leads from the overview to traces, and narrows the time by a drag", async () => {
    const { page, faults, close } = await stand.open({ key });
    await page.goto(`${stand.base}/overview?range=7d`);
    const chart = page.getByRole("region", { name: "Requests by outcome" });
    await chart.locator("canvas").waitFor();
    await chart.getByRole("button", { name: "View as table" }).click();
    await chart.getByRole("columnheader", { name: "complete" }).waitFor();
    await chart.getByRole("button", { name: "View as chart" }).click();
    const box = await chart.locator(".u-over").boundingBox();
    if (box === null) throw new Error("the chart has no place");
    await page.mouse.move(box.x + box.width * 0.8, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.95, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=.*to=/);
    await page.getByRole("link", { name: /^Error rate/ }).click();
    await page.waitForURL(/traces\?.*q=outcome:error/);
    await page.goBack();
    await page.goBack();
    await page.waitForURL((url) => url.searchParams.get("range") === "7d");
    expect(faults).toEqual([]);
    await close();
  });
});
