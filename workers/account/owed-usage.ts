// Responses that are made in the background: their first answer has no usage yet, and every later reading of them shows
// the same one. All lanes of a process share this memory, so that one reading is counted and no other.
import { sha256 } from "../ledger/merkle.js";

/** Looked at for one response; where all are taken, an older one is forgotten, and its usage is not counted. */
const placesPerResponse = 8;
const free = 0n;

export class OwedUsage {
  readonly #places: BigInt64Array;

  /** `memory`: the same for all lanes, zero at first, 8 bytes for each response, of eight at least. */
  constructor(memory: SharedArrayBuffer) {
    this.#places = new BigInt64Array(memory);
  }

  /** This response of the tenant was begun, and its usage is still to come. */
  note(tenantId: string, responseId: string): void {
    const { mark, first } = this.#find(tenantId, responseId);
    for (let at = first; at < first + placesPerResponse; at += 1) {
      const held = Atomics.compareExchange(this.#places, at, free, mark);
      if (held === free || held === mark) return;
    }
    Atomics.store(this.#places, first + Number(BigInt.asUintN(3, mark >> 32n)), mark);
  }

  /** True for one caller, once: its usage counts. */
  take(tenantId: string, responseId: string): boolean {
    const { mark, first } = this.#find(tenantId, responseId);
    for (let at = first; at < first + placesPerResponse; at += 1) {
      if (Atomics.compareExchange(this.#places, at, mark, free) === mark) return true;
    }
    return false;
  }

  #find(tenantId: string, responseId: string): { readonly mark: bigint; readonly first: number } {
    const hash = sha256(Buffer.from(`${tenantId}\0${responseId}`));
    const groups = Math.floor(this.#places.length / placesPerResponse);
    const first = (hash.readUInt32BE(8) % groups) * placesPerResponse;
    // Never the mark of a free place.
    return { mark: hash.readBigInt64BE(0) | 1n, first };
  }
}
