// A Postgres for a peer, of the same build and with the same settings as the one that Loom brings.
import { mkdirSync } from "node:fs";
import { startEmbeddedPostgres } from "../../src/postgres/embedded-postgres.js";
import { findLivePostmaster } from "../../src/postgres/postmaster.js";

export type PeerDatabase = { readonly url: string; readonly pid: number; stop(): Promise<void> };

export async function startDatabase(home: string): Promise<PeerDatabase> {
  mkdirSync(home, { mode: 0o755 });
  const server = await startEmbeddedPostgres({ home });
  return { url: server.url, pid: findLivePostmaster(server.dataDir)?.pid ?? 0, stop: () => server.stop() };
}
