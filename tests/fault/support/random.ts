// Chance that can be repeated: splitmix32 streams from a seed, and the seed of this run.

/** A stream of 32-bit numbers; the same seed gives the same stream on every machine. */
export function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** A seed from text: FNV-1a. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = splitmix32(seed);
  }

  /** A whole number from `min` to `max`, both possible. */
  int(min: number, max: number): number {
    return min + (this.#next() % (max - min + 1));
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.#next() % items.length] as Item;
  }

  /** True in `percent` of 100 cases. */
  happens(percent: number): boolean {
    return this.#next() % 100 < percent;
  }
}

/** The seed of a scenario: FAULT_SEED repeats a run; else each run is another. */
export function seedOfRun(): number {
  const given = process.env["FAULT_SEED"];
  return given === undefined ? (Date.now() ^ (process.pid << 12)) >>> 0 : Number(given) >>> 0;
}
