// One project a kind of test, so that `vitest run --project unit` is seconds. Only those that need a database start one.
import { defineConfig } from "vitest/config";

const globalDatabase = ["tests/support/global-database.ts"];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
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
        test: { name: "tidy", include: ["tests/tidy/**/*.test.ts"], isolate: false, testTimeout: 20_000 },
      },
    ],
  },
});
