// Reads the filter language: `model:gpt-4o status:>=500 cost:0.01..0.5 -tag:a,b session:abc* user:"Ada L."`.
// What it does not know it refuses, and points at: a filter that is silently wider than meant shows the wrong rows.

import { nearestName } from "../config/nearest-name.js";
import { LoomError } from "../errors/loom-error.js";
import { type Comparison, type Field, type Filter, fields, type Term, type Test } from "./filter.js";

/** A piece of the text: where it stands, what it says, and whether it was in quotes. */
type Piece = { readonly text: string; readonly isQuoted: boolean; readonly start: number; readonly end: number };

const comparisonForm = /^(>=|<=|>|<|=)(.*)$/s;
const rangeForm = /^(.+?)\.\.(.+)$/s;
const numberForm = /^\$?(\d+(?:\.\d+)?|\.\d+)([A-Za-z$]*)$/;
const classForm = /^([1-5])xx$/i;
const termsMax = 40;
const valuesMax = 50;

/** Reads a whole text. @throws LoomError `invalid_filter` with the position of the fault. */
export function readFilter(text: string, param = "q"): Filter {
  const terms: Term[] = [];
  const reader = new Reader(text, param);
  while (reader.skipSpace()) {
    if (terms.length === termsMax) reader.fail(`A filter has at most ${termsMax} terms.`, reader.at, text.length);
    terms.push(reader.readTerm());
  }
  return terms;
}

/** Reads the value of one field, as a parameter of its own holds it. @throws LoomError `invalid_filter` */
export function readValue(name: string, text: string, param: string): Term {
  const field = fields.get(name);
  if (field === undefined) throw new Error(`there is no field ${name}`);
  const reader = new Reader(text, param);
  const pieces = reader.readPieces(/[,]/);
  return { field, isNegated: false, test: reader.readTest(field, pieces) };
}

class Reader {
  readonly #text: string;
  readonly #param: string;
  at = 0;

  constructor(text: string, param: string) {
    this.#text = text;
    this.#param = param;
  }

  fail(message: string, start: number, end: number): never {
    const where = `at character ${start + 1}`;
    const position = { start, end: Math.max(end, start + 1) };
    throw new LoomError("invalid_filter", { message: `${message} (${where})`, param: this.#param, position });
  }

  /** False at the end. */
  skipSpace(): boolean {
    while (this.at < this.#text.length && /\s/.test(this.#text.charAt(this.at))) this.at += 1;
    return this.at < this.#text.length;
  }

  readTerm(): Term {
    const start = this.at;
    const isNegated = this.#text.charAt(start) === "-";
    if (isNegated) this.at += 1;
    const nameAt = this.at;
    const name = /^[A-Za-z_]+/.exec(this.#text.slice(nameAt))?.[0] ?? "";
    const end = nameAt + name.length;
    if (name === "" || this.#text.charAt(end) !== ":") this.#failFreeText(start);
    const field = fields.get(name);
    if (field === undefined) {
      const nearest = nearestName(name, [...fields.keys()]);
      const hint = nearest === null ? `Fields: ${[...fields.keys()].join(", ")}.` : `Did you mean "${nearest}"?`;
      return this.fail(`There is no field "${name}". ${hint}`, nameAt, end);
    }
    this.at = end + 1;
    return { field, isNegated, test: this.readTest(field, this.readPieces(/[\s,]/)) };
  }

  #failFreeText(start: number): never {
    const rest = this.#text.slice(start);
    const end = start + (/^("[^"]*"?|\S+)/.exec(rest)?.[0].length ?? 1);
    const message = "A term is `field:value`. Free text is not searched, since bodies are sealed";
    return this.fail(message, start, end);
  }

  /** The values up to a space (or to the end), separated by commas. */
  readPieces(stop: RegExp): Piece[] {
    const pieces: Piece[] = [];
    for (;;) {
      pieces.push(this.#readPiece(stop));
      if (pieces.length > valuesMax) this.fail(`A field takes at most ${valuesMax} values.`, this.at, this.at + 1);
      if (this.#text.charAt(this.at) !== ",") return pieces;
      this.at += 1;
    }
  }

  #readPiece(stop: RegExp): Piece {
    const start = this.at;
    if (this.#text.charAt(start) === '"') return this.#readQuoted();
    while (this.at < this.#text.length && !stop.test(this.#text.charAt(this.at))) {
      if (this.#text.charAt(this.at) === '"') this.fail("A quote stands in the middle of a value.", this.at, this.at);
      this.at += 1;
    }
    if (this.at === start) this.fail("A value is missing.", start, start + 1);
    return { text: this.#text.slice(start, this.at), isQuoted: false, start, end: this.at };
  }

  #readQuoted(): Piece {
    const start = this.at;
    let text = "";
    this.at += 1;
    for (;;) {
      if (this.at >= this.#text.length) this.fail("The quote is never closed.", start, this.#text.length);
      const letter = this.#text.charAt(this.at);
      this.at += 1;
      if (letter === '"') break;
      text += letter === "\\" ? this.#text.charAt(this.at++) : letter;
    }
    const next = this.#text.charAt(this.at);
    if (next !== "" && !/[\s,]/.test(next)) this.fail("A space is missing after the quote.", this.at, this.at + 1);
    return { text, isQuoted: true, start, end: this.at };
  }

  readTest(field: Field, pieces: readonly Piece[]): Test {
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined && only.text === "*" && !only.isQuoted) return { kind: "present" };
    if (field.kind === "number" || field.kind === "status") return this.#readNumbers(field, pieces);
    return { kind: "any", values: pieces.map((piece) => this.#readText(field, piece)) };
  }

  #readText(field: Field, piece: Piece): { text: string; isPrefix: boolean } {
    const { text, isQuoted, start, end } = piece;
    const given = field.kind === "flag" ? ({ yes: "true", no: "false" }[text.toLowerCase()] ?? text) : text;
    const choices = field.kind === "flag" ? ["true", "false"] : field.choices;
    if (choices !== undefined && !choices.includes(given)) {
      const nearest = nearestName(text, choices);
      const hint = nearest === null ? "" : ` Did you mean "${nearest}"?`;
      this.fail(`"${text}" is no ${field.name}: it is one of ${choices.join(", ")}.${hint}`, start, end);
    }
    if (isQuoted) return { text, isPrefix: false };
    if (/^[<>=]/.test(text)) this.fail(`${field.name} is text and takes no comparison.`, start, end);
    const star = text.indexOf("*");
    if (star !== -1 && (star !== text.length - 1 || field.kind === "key" || field.kind === "list"))
      this.fail("`*` stands only at the end of a text field's value. Quote it to mean the star itself.", start, end);
    return star === -1 ? { text: given, isPrefix: false } : { text: text.slice(0, -1), isPrefix: true };
  }

  #readNumbers(field: Field, pieces: readonly Piece[]): Test {
    const [first] = pieces;
    const compared = first === undefined || first.isQuoted ? null : comparisonForm.exec(first.text);
    if (first !== undefined && compared !== null) {
      const [, comparison = "", rest = ""] = compared;
      if (pieces.length > 1) this.fail("A comparison takes one value.", first.start, first.end);
      const value = this.#readNumber(field, rest, first);
      return { kind: "compare", comparison: comparison as Comparison, value };
    }
    const ranges = pieces.map((piece) => {
      const [, statusClass] = (field.kind === "status" && classForm.exec(piece.text)) || [];
      if (statusClass !== undefined) return { low: Number(statusClass) * 100, high: Number(statusClass) * 100 + 99 };
      const [, low, high] = rangeForm.exec(piece.text) ?? [];
      if (low === undefined || high === undefined) {
        const value = this.#readNumber(field, piece.text, piece);
        return { low: value, high: value };
      }
      return { low: this.#readNumber(field, low, piece), high: this.#readNumber(field, high, piece) };
    });
    return { kind: "ranges", ranges };
  }

  #readNumber(field: Field, text: string, { start, end }: Piece): number {
    const [, digits = "", unit = ""] = numberForm.exec(text) ?? [];
    const units = field.units ?? {};
    const factor = unit === "" ? 1 : units[unit];
    if (digits === "" || factor === undefined) {
      const known = Object.keys(units).join(", ");
      const forms = field.kind === "status" ? "404, 5xx, >=400 or 400..499" : ">2, <=10 or 1..5";
      const hint = known === "" ? "" : ` with one of the units ${known}`;
      this.fail(`"${text}" is no ${field.name}: write a number${hint}, such as ${forms}.`, start, end);
    }
    return Number(digits) * factor;
  }
}
