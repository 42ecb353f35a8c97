// Keeps `<home>/keys.snapshot`: the known keys, sealed under the master key, so that a restart while Postgres is away
// serves the keys that were served before. Written a moment after a change, every half minute, and at a stop.
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Authenticator } from "./authenticate/authenticate.js";
import { readSnapshot, writeSnapshot } from "./authenticate/key-snapshot.js";
import type { WorkerCalls } from "./hand-off/worker-calls.js";
import { findHomeHolder } from "./postgres/home-lock.js";

export type SnapshotOptions = {
  readonly home: string;
  readonly authenticator: Authenticator;
  /** workers/credentials.js. */
  readonly worker: WorkerCalls;
  readonly masterKeys: () => string;
  readonly onFailure: (reason: string) => void;
};

export type SnapshotKeeper = {
  /** Something that the snapshot holds has changed: what was taken away must not come back by a restart. */
  noteChange(): void;
  stop(): Promise<void>;
};

const everyMs = 30_000;
const afterChangeMs = 500;
const recheckedKeysMax = 200;
/** The sealed text is bound to these in the place of a tenant and its provider. */
const subject = {
  tenantId: "00000000-0000-0000-0000-000000000000",
  keySalt: Buffer.alloc(32).toString("base64"),
  provider: "key-snapshot",
  baseUrl: "",
};

/** A running gateway has written what it knows anew by then. */
const rewriteWaitMs = 3000;

function snapshotFile(home: string): string {
  return join(home, "keys.snapshot");
}

/** One name for all processes of a home: what a kill left in the middle of a write must not outlive an erasure. */
function draftFile(home: string): string {
  return join(home, "keys.snapshot.draft");
}

/**
 * After an erasure: waits until the gateway of the home has written its snapshot anew, without the tenant; where none
 * runs, or it does not, the file is removed. A snapshot that is gone costs a restart in an outage its known keys.
 */
export async function forgetSnapshot(home: string, erasedAt: Date): Promise<void> {
  const file = snapshotFile(home);
  const deadline = Date.now() + rewriteWaitMs;
  // What is written earlier may still know the tenant.
  const written = erasedAt.getTime() + afterChangeMs / 2;
  while (findHomeHolder(home) !== null && Date.now() < deadline) {
    if ((statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > written) return;
    await sleep(50);
  }
  rmSync(file, { force: true });
  rmSync(draftFile(home), { force: true });
}

class Keeper implements SnapshotKeeper {
  readonly #options: SnapshotOptions;
  readonly #file: string;
  #written = "";
  #timer: NodeJS.Timeout;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.#file = snapshotFile(options.home);
    this.#timer = setTimeout(() => this.#save(), everyMs).unref();
  }

  /** Gives what the file holds to the authenticator. A file that is missing or cannot be opened costs nothing but that. */
  async restore(): Promise<void> {
    rmSync(draftFile(this.#options.home), { force: true });
    let sealed: Buffer;
    try {
      sealed = readFileSync(this.#file);
    } catch {
      // The first start, or a home that was cleaned: there is nothing to restore.
      return;
    }
    try {
      const { authenticator, worker, masterKeys } = this.#options;
      const text = await worker.call<string>("openCredential", { ...subject, sealed, masterKeys: masterKeys() });
      authenticator.restore(readSnapshot(text), Date.now());
    } catch (error) {
      this.#options.onFailure(error instanceof Error ? error.message : String(error));
    }
  }

  noteChange(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), afterChangeMs).unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
    await this.#write();
  }

  #save(): void {
    this.#saving = this.#write().finally(() => {
      this.#timer = setTimeout(() => this.#save(), everyMs).unref();
    });
  }

  async #write(): Promise<void> {
    try {
      const { authenticator, worker, masterKeys } = this.#options;
      await authenticator.recheckChanged(recheckedKeysMax);
      const credential = writeSnapshot(authenticator.known(Date.now()));
      const marks = credential.replaceAll(/"checkedAtUnixMs":[\d.]+/g, "");
      if (marks === this.#written && existsSync(this.#file)) return;
      const sealed = await worker.call<Uint8Array>("sealCredential", {
        ...subject,
        credential,
        masterKeys: masterKeys(),
      });
      const draft = draftFile(this.#options.home);
      writeFileSync(draft, sealed, { mode: 0o600 });
      renameSync(draft, this.#file);
      this.#written = marks;
    } catch (error) {
      this.#options.onFailure(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Restores what the home knows, and keeps it from then on. */
export async function keepSnapshot(options: SnapshotOptions): Promise<SnapshotKeeper> {
  const keeper = new Keeper(options);
  await keeper.restore();
  return keeper;
}
