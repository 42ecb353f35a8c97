// What Lighthouse would measure of a page's load, out of the browser's own observers: in a fresh profile, with nothing
// cached, on a processor made slower.
import { setTimeout as sleep } from "node:timers/promises";
import type { WatchedPage } from "./chromium.js";

/** Times in ms since the navigation began; bytes as they were transferred. */
export type PageFigures = {
  readonly firstPaintMs: number;
  readonly largestPaintMs: number;
  /** Of every task above 50 ms after the first paint, what is above. */
  readonly blockedMs: number;
  readonly longestTaskMs: number;
  /** Cumulative, without a unit: web.dev/articles/cls. */
  readonly layoutShift: number;
  /** Of the dashboard's files, and of all else: the answers of the API. */
  readonly fileBytes: number;
  readonly answerBytes: number;
  readonly requests: number;
};

const settleMs = 1500;
const longTaskMs = 50;

const observe = `
  window.seen = { paint: [], "largest-contentful-paint": [], longtask: [], "layout-shift": [] };
  for (const type of Object.keys(seen))
    new PerformanceObserver((list) => seen[type].push(...list.getEntries())).observe({ type, buffered: true });
`;

const read = `(() => {
  const loads = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const bytesOf = (areFiles) => loads.filter(({ name }) => name.includes("/dashboard/") === areFiles)
    .reduce((sum, { transferSize }) => sum + transferSize, 0);
  return {
  firstPaintMs: seen.paint.find(({ name }) => name === "first-contentful-paint")?.startTime ?? NaN,
  largestPaintMs: seen["largest-contentful-paint"].at(-1)?.startTime ?? NaN,
  tasks: seen.longtask.map(({ startTime, duration }) => ({ startMs: startTime, ms: duration })),
  layoutShift: seen["layout-shift"].reduce((sum, { value }) => sum + value, 0),
  fileBytes: bytesOf(true),
  answerBytes: bytesOf(false),
  requests: loads.length,
}; })()`;

type Read = Omit<PageFigures, "blockedMs" | "longestTaskMs"> & {
  readonly tasks: readonly { readonly startMs: number; readonly ms: number }[];
};

/** Loads `url` until `ready` is there and a moment longer. `slowness` 4 is what Lighthouse gives a phone. */
export async function measurePage(
  { page }: WatchedPage,
  url: string,
  ready: string,
  slowness: number,
): Promise<PageFigures> {
  const browser = await page.context().newCDPSession(page);
  await browser.send("Emulation.setCPUThrottlingRate", { rate: slowness });
  await page.addInitScript(observe);
  await page.goto(url);
  await page.locator(ready).first().waitFor();
  await page.waitForLoadState("networkidle");
  await sleep(settleMs);
  const { tasks, ...figures } = await page.evaluate<Read>(read);
  const later = tasks.filter(({ startMs }) => startMs >= figures.firstPaintMs);
  return {
    ...figures,
    blockedMs: later.reduce((sum, { ms }) => sum + Math.max(0, ms - longTaskMs), 0),
    longestTaskMs: Math.max(0, ...tasks.map(({ ms }) => ms)),
  };
}

/** One line to be read by people. */
export function describeFigures(name: string, slowness: number, figures: PageFigures): string {
  const { firstPaintMs, largestPaintMs, blockedMs, longestTaskMs, layoutShift, fileBytes, answerBytes, requests } =
    figures;
  return [
    `${name.padEnd(9)} ${slowness}x slower processor`,
    `first contentful paint ${Math.round(firstPaintMs)} ms`,
    `largest ${Math.round(largestPaintMs)} ms`,
    `blocked ${Math.round(blockedMs)} ms (longest task ${Math.round(longestTaskMs)} ms)`,
    `layout shift ${layoutShift.toFixed(3)}`,
    `${(fileBytes / 1024).toFixed(0)} KB of files and ${(answerBytes / 1024).toFixed(0)} KB of answers in ${requests} requests`,
  ].join(", ");
}
