// The master keys of a running process: read at its start, and read again when their file was replaced, so that a
// rotation needs no restart. Lanes and calls of the credentials worker get what is current here.
import type { Secret } from "../config/secret.js";
import type { MasterKeySource, MasterKeys } from "./master-key-source.js";

export type KeyWatch = {
  /** The keys as they were last read. */
  readonly keys: Secret;
  /** Calls the listener after each change from now on. */
  onChange(listener: (keys: Secret) => void): void;
  /** What the first reading said. */
  readonly first: MasterKeys;
  /** Looks at once, for whoever met a version that is not here. True when the keys are other ones now. */
  refresh(): Promise<boolean>;
  stop(): void;
};

export type KeyWatchOptions = {
  /** Told once for each state of the file that cannot be used; the last keys stay. */
  readonly onFault: (error: unknown) => void;
  /** A stat costs some µs; a rotation reaches the process within this time. */
  readonly everyMs?: number;
};

/** An unusable file stays unusable until it is replaced, but a key service that was away comes back. */
const retryMs = 5000;

/** Rejects as MasterKeySource.read does. */
export async function watchMasterKeys(source: MasterKeySource, options: KeyWatchOptions): Promise<KeyWatch> {
  // Taken before the reading: a replacement that comes between the two is seen the next time.
  let seen = source.stamp();
  const first = await source.read();
  if (first.made) seen = source.stamp();
  let keys = first.keys;
  const listeners: ((keys: Secret) => void)[] = [];
  let looking: Promise<boolean> | null = null;
  let fault: { readonly stamp: string | null; readonly atMs: number } | null = null;

  const look = async (): Promise<boolean> => {
    const stamp = source.stamp();
    if (stamp === seen) return false;
    if (fault?.stamp === stamp && performance.now() - fault.atMs < retryMs) return false;
    try {
      const now = (await source.read()).keys;
      seen = stamp;
      fault = null;
      if (now.reveal() === keys.reveal()) return false;
      keys = now;
      for (const listener of listeners) listener(now);
      return true;
    } catch (error) {
      if (fault?.stamp !== stamp) options.onFault(error);
      fault = { stamp, atMs: performance.now() };
      return false;
    }
  };
  const refresh = (): Promise<boolean> => {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  };
  const timer = setInterval(() => void refresh(), options.everyMs ?? 500).unref();
  return {
    get keys() {
      return keys;
    },
    first,
    onChange: (listener) => {
      listeners.push(listener);
    },
    refresh,
    stop: () => clearInterval(timer),
  };
}
