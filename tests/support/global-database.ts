// Vitest's global setup: one database server for the whole run and one migrated template on it. Every project that
// asks gets the same; the last one to finish stops it.
import { randomUUID } from "node:crypto";
import type { TestProject } from "vitest/node";
import { migrate } from "../../src/postgres/migrate.js";
import { startTestServer, type TestServer } from "./test-server.js";

/** What the test files are told. */
export type ProvidedDatabase =
  | { readonly kind: "server"; readonly adminUrl: string; readonly template: string; readonly isEmbedded: boolean }
  | { readonly kind: "off"; readonly reason: string };

declare module "vitest" {
  interface ProvidedContext {
    database: ProvidedDatabase;
  }
}

type SharedDatabase = {
  users: number;
  readonly opened: Promise<{ provided: ProvidedDatabase; close(): Promise<void> }>;
};

/** Vitest loads this file once a project; the process is what they have in common. */
const shared = globalThis as unknown as Record<symbol, SharedDatabase | undefined>;
const sharedKey = Symbol.for("loom.test.database");

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared[sharedKey] ??= { users: 0, opened: openDatabase() };
  const database = shared[sharedKey];
  database.users += 1;
  const opened = await database.opened;
  project.provide("database", opened.provided);
  return async () => {
    database.users -= 1;
    if (database.users > 0) return;
    shared[sharedKey] = undefined;
    await opened.close();
  };
}

async function openDatabase(): Promise<{ provided: ProvidedDatabase; close(): Promise<void> }> {
  const { TEST_DB_ENABLED: enabled, DATABASE_URL: url } = process.env;
  if (enabled === "0") {
    const reason = "TEST_DB_ENABLED=0: tests that need PostgreSQL are skipped";
    process.stdout.write(`${reason}\n`);
    return { provided: { kind: "off", reason }, close: async () => undefined };
  }
  if (enabled === "1" && !url)
    throw new Error("TEST_DB_ENABLED=1 needs DATABASE_URL, a server where the user may create databases.");
  const server = await startTestServer(enabled === "1" ? url : undefined);
  try {
    const template = `loom_template_${randomUUID().slice(0, 8)}`;
    await server.run(`CREATE DATABASE ${template}`);
    await migrate({ url: server.urlOf(template) });
    const { adminUrl } = server;
    const provided = { kind: "server", adminUrl, template, isEmbedded: enabled !== "1" } as const;
    return { provided, close: () => closeServer(server, template) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function closeServer(server: TestServer, template: string): Promise<void> {
  try {
    await server.run(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
  } finally {
    await server.stop();
  }
}
