// The ids of traces: UUIDs of version 7 (RFC 9562, section 5.7), so that they sort by time and an id tells where in
// time its row lies.
import { randomFillSync } from "node:crypto";
import { V7Generator } from "uuidv7";

const wordsPerPool = 1024;

/** The package's own source asks the system for 32 bytes at a time, which is most of what an id costs. */
class PooledRandom {
  readonly #words = new Uint32Array(wordsPerPool);
  #next = wordsPerPool;

  nextUint32(): number {
    if (this.#next === wordsPerPool) {
      randomFillSync(this.#words);
      this.#next = 0;
    }
    this.#next += 1;
    return this.#words[this.#next - 1] as number;
  }
}

const ids = new V7Generator(new PooledRandom());

/** The ids of one process ascend. */
export function newTraceId(): string {
  return ids.generate().toString();
}
