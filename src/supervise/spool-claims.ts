// Which process takes over which spool folder of a process that is gone: each folder has one taker, and what a taker
// leaves behind when it dies itself is free again.
import { basename, dirname } from "node:path";

/** A lane's folder is `<spool>/<node>/<boot>/lane-<n>`. */
function bootOf(folder: string): string {
  return basename(dirname(folder));
}

export class SpoolClaims {
  readonly #list: () => readonly string[];
  readonly #live = new Set<string>();
  /** Folder -> the boot that adopts it. */
  readonly #taken = new Map<string, string>();

  /** `list` names every lane's folder that is there now. */
  constructor(list: () => readonly string[]) {
    this.#list = list;
  }

  /** What a process that is about to start shall adopt. Its own boot counts as live from now on. */
  take(bootId: string): string[] {
    const free = this.#list().filter((folder) => !this.#isInUse(folder));
    this.#live.add(bootId);
    for (const folder of free) this.#taken.set(folder, bootId);
    return free;
  }

  /** The process is gone. */
  release(bootId: string): void {
    this.#live.delete(bootId);
    for (const [folder, taker] of this.#taken) if (taker === bootId) this.#taken.delete(folder);
  }

  #isInUse(folder: string): boolean {
    return this.#live.has(bootOf(folder)) || this.#taken.has(folder);
  }
}
