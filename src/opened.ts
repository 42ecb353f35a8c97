// The parts of a process in the order in which they were opened.

/** What was opened, closed in the opposite order; also when a later step of the start fails. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
