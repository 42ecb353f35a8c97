// A value that never prints. Everything that could leak (a provider key, a master key, a database password)
// is wrapped here from the moment it is read, and opened by `reveal()` only where it is used.
import { inspect } from "node:util";

const hidden = "[secret]";

/** A wrapped secret. Its string, JSON and inspect forms are all `[secret]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plain value. Call it only at the line that needs it, and never keep the result. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}

/** Plain values by name, for the one line that hands them on. */
export function revealAll(secrets: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()]));
}
