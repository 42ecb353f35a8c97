// One project a kind of test, so that `vitest run --project unit` is seconds. Only those that need a database start one.
import react from "@vitejs/plugin-react";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumArgs, findChromium } from "./tests/browser/support/find-chromium.js";

const globalDatabase = ["tests/support/global-database.ts"];
const chromium = findChromium();

/** What takes a minute each, or measures: `npm run test:long`, on its own, not a part of `npm test`. */
const longTests = [
  "tests/conformance/processes.test.ts",
  "tests/conformance/spans-kept.test.ts",
  "tests/conformance/wire/deadlines.test.ts",
  "tests/fuzz/fuzz.test.ts",
  "tests/integration/bench-generator.test.ts",
  "tests/integration/keys/erase-copies.test.ts",
  "tests/integration/keys/rotation.test.ts",
  "tests/integration/spool-restart.test.ts",
  "tests/browser/every-page.test.ts",
  "tests/browser/ten-thousand.test.ts",
  "tests/integration/bench-guard.test.ts",
];

/** Parts of the dashboard in a real browser; there is nothing to run them in where no Chromium is. */
const components =
  chromium === null
    ? []
    : [
        {
          extends: true as const,
          plugins: [react()],
          optimizeDeps: { include: ["react", "react-dom/client", "vitest-browser-react", "marked"] },
          test: {
            name: "components",
            include: ["tests/browser/components/*.test.tsx"],
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({ launchOptions: { executablePath: chromium, args: [...chromiumArgs] } }),
              instances: [{ browser: "chromium" as const }],
            },
          },
        },
      ];

/** Only when it is asked for by name: it writes files. */
const screenshots = process.argv.includes("screenshots")
  ? [
      {
        extends: true as const,
        test: { name: "screenshots", include: ["tests/browser/make-screenshots.ts"], globalSetup: globalDatabase },
      },
    ]
  : [];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    // What was compiled for one run is still right for the next: half of the time of the unit tests.
    experimental: { fsModuleCache: true, fsModuleCachePath: "node_modules/.cache/vitest" },
    projects: [
      {
        extends: true,
        // Pure code without module state: the files may share a process, which saves most of the time.
        test: { name: "unit", include: ["tests/unit/**/*.test.ts"], isolate: false, testTimeout: 10_000 },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          exclude: longTests,
          globalSetup: globalDatabase,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "conformance",
          include: ["tests/conformance/**/*.test.ts"],
          exclude: longTests,
          globalSetup: globalDatabase,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        // One scenario at a time: each has a gateway, a provider and clients of its own.
        test: {
          name: "fault",
          include: ["tests/fault/**/*.test.ts"],
          globalSetup: [...globalDatabase, "tests/fault/support/global-provider.ts"],
          maxWorkers: 1,
          testTimeout: 240_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        // Journeys in the system's Chromium against the built gateway and dashboard; skipped where there is none.
        test: {
          name: "browser",
          include: ["tests/browser/*.test.ts"],
          exclude: longTests,
          globalSetup: [...globalDatabase, "tests/browser/support/say-skipped.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        // Three seconds of it as a part of all tests; `npm run fuzz` gives it the time it needs.
        test: {
          name: "fuzz",
          include: ["tests/fuzz/**/*.test.ts"],
          globalSetup: globalDatabase,
          maxWorkers: 1,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "long",
          include: longTests,
          globalSetup: [...globalDatabase, "tests/browser/support/say-skipped.ts"],
          maxWorkers: 1,
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
      ...components,
      ...screenshots,
      {
        extends: true,
        test: { name: "tidy", include: ["tests/tidy/**/*.test.ts"], isolate: false, testTimeout: 20_000 },
      },
    ],
  },
});
