// Vitest's global setup of the browser tests: says once why they are skipped, where they are.
import { findChromium } from "./find-chromium.js";

export function setup(): void {
  if (findChromium() !== null) return;
  process.stderr.write(
    "The browser tests are skipped: no Chromium is installed (apt-get install chromium, or LOOM_CHROMIUM).\n",
  );
}
