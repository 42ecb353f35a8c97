// Where the system's Chromium is, and how tests start it. Imports nothing that is slow: Vitest's own configuration asks.
import { existsSync } from "node:fs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Without a sandbox, since tests may run as root; silent towards every other host. */
export const chromiumArgs = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The path of the executable; null when there is none. `LOOM_CHROMIUM` names another one. */
export function findChromium(): string | null {
  const named = process.env.LOOM_CHROMIUM;
  return (named === undefined ? places : [named]).find((path) => existsSync(path)) ?? null;
}
