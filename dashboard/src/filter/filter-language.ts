// The filter language as the page needs it: where the terms lie, to suggest, to show and to take one away.
// What a term means, and whether it may stand there, is for the server to say.

/** One term of a filter; `start` and `end` are offsets into the text. */
export type Term = {
  readonly start: number;
  readonly end: number;
  readonly negated: boolean;
  readonly field: string | null;
  readonly value: string;
  readonly text: string;
};

const termPattern = /-?(?:[A-Za-z_.]+:)?(?:[<>]=?|=)?(?:"(?:[^"\\]|\\.)*"?|[^\s"]+)+|-?[A-Za-z_.]+:(?=\s|$)/g;

export function readTerms(text: string): Term[] {
  return [...text.matchAll(termPattern)].map((found) => {
    const start = found.index;
    const whole = found[0];
    const negated = whole.startsWith("-");
    const body = negated ? whole.slice(1) : whole;
    const split = /^([A-Za-z_.]+):(.*)$/s.exec(body);
    const value = split === null ? body : (split[2] ?? "");
    return {
      start,
      end: start + whole.length,
      negated,
      field: split === null ? null : (split[1] ?? ""),
      value,
      text: whole,
    };
  });
}

/** Text for a value: quoted where a space, a quote or a sign would read as something else. */
function quoteValue(value: string): string {
  return /^[\w./@+-][\w./@:+-]*$/.test(value) && !value.startsWith("-")
    ? value
    : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A term for a field and value, such as `model:gpt-4o` or `-outcome:complete`. */
export function makeTerm(field: string, value: string, negated = false): string {
  return `${negated ? "-" : ""}${field}:${quoteValue(value)}`;
}

/** Adds a term, unless it already stands there; a positive term of the same field is replaced. */
export function addTerm(text: string, term: string): string {
  const terms = readTerms(text);
  if (terms.some((one) => one.text === term)) return text;
  const [added] = readTerms(term);
  const isOpen = added === undefined || added.negated || /^[<>]/.test(added.value);
  const kept = terms.filter((one) => isOpen || one.negated || one.field !== added.field || /^[<>]/.test(one.value));
  return [...kept.map((one) => one.text), term].join(" ");
}

export function removeTerm(text: string, term: Term): string {
  return `${text.slice(0, term.start)}${text.slice(term.end)}`.replace(/\s+/g, " ").trim();
}

/** The term that the caret stands in or behind, if any. */
export function termAt(text: string, caret: number): Term | null {
  return readTerms(text).find((term) => term.start < caret && caret <= term.end) ?? null;
}
