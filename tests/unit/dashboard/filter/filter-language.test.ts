import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addTerm, makeTerm, readTerms, removeTerm, termAt } from "../../../../dashboard/src/filter/filter-language.js";

describe("the filter language of the page", () => {
  test("finds terms with their field, sign, value and place", () => {
    const text = 'model:gpt-4o -outcome:complete session:"a b" latency:>2s';
    expect(readTerms(text).map(({ field, negated, value }) => [field, negated, value])).toEqual([
      ["model", false, "gpt-4o"],
      ["outcome", true, "complete"],
      ["session", false, '"a b"'],
      ["latency", false, ">2s"],
    ]);
    for (const term of readTerms(text)) expect(text.slice(term.start, term.end)).toBe(term.text);
  });

  test("knows the term at the caret, also while its value is still empty", () => {
    expect(termAt("model:", 6)?.field).toBe("model");
    expect(termAt("status:>=500 mod", 16)?.value).toBe("mod");
    expect(termAt("status:500 ", 11)).toBeNull();
  });

  test("replaces a value of the same field, keeps negated ones and bounds", () => {
    expect(addTerm("model:a -model:b latency:>2s", "model:c")).toBe("-model:b latency:>2s model:c");
    expect(addTerm("model:a", "model:a")).toBe("model:a");
    expect(addTerm("model:a", "-model:b")).toBe("model:a -model:b");
  });

  test("writes any value so that it reads back as one term of its field", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((value) => value.trim() !== ""),
        (value) => {
          const term = makeTerm("session", value);
          const read = readTerms(`model:a ${term}`);
          expect(read).toHaveLength(2);
          expect(read[1]?.field).toBe("session");
        },
      ),
    );
  });

  test("takes a term away and leaves the rest in order", () => {
    const text = "a:1 b:2 c:3";
    expect(removeTerm(text, readTerms(text)[1]!)).toBe("a:1 c:3");
  });
});
