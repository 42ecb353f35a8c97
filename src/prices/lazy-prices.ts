// The price list for the main thread, which needs it only where somebody looks at a cost: its data are megabytes, and
// are read at the first question.
import type { CostLine, Price, PriceList, PriceQuestion } from "./price-list.js";

export class LazyPrices {
  #list: Promise<PriceList> | null = null;

  /** As PriceList.linesOf. Reads nothing for a trace without a price. */
  async linesOf(question: PriceQuestion, recorded: Price): Promise<readonly CostLine[] | null> {
    if (recorded.costUsd === null) return null;
    this.#list ??= import("./price-list.js").then(({ PriceList: Loaded }) => new Loaded());
    return (await this.#list).linesOf(question, recorded);
  }
}
