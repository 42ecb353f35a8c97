// What administration refuses to do, with the way out for the person who asked.

/** `message` says what is wrong, `fix` what to do; both are whole sentences. */
export class Refusal extends Error {
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.name = "Refusal";
    this.fix = fix;
  }
}
