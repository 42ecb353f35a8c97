// Model names as metric labels. A client may write any name, and some servers answer to all of them: so only names that
// a provider has answered to get a label, up to a number; names with a known price have room of their own.
export type ModelSeen = {
  readonly provider: string;
  readonly model: string | null;
  /** Whether a provider gave an answer under this name. */
  readonly isAnswered: boolean;
  readonly isPriced: boolean;
};

const pricedMax = 200;
const unpricedMax = 50;
const nameCharactersMax = 100;
const other = "other";

export class ModelNames {
  readonly #priced = new Set<string>();
  readonly #unpriced = new Set<string>();

  /** The name, `other`, or "" when there is none. */
  labelOf({ provider, model, isAnswered, isPriced }: ModelSeen): string {
    if (model === null) return "";
    if (model.length > nameCharactersMax) return other;
    const key = `${provider}/${model}`;
    if (this.#priced.has(key) || this.#unpriced.has(key)) return model;
    if (!isAnswered) return other;
    if (isPriced && this.#priced.size < pricedMax) this.#priced.add(key);
    else if (!isPriced && this.#unpriced.size < unpricedMax) this.#unpriced.add(key);
    else return other;
    return model;
  }
}
