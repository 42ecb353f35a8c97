import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LoomError } from "../../../../src/errors/loom-error.js";
import { fields, isSummable, writeTerm } from "../../../../src/query/filter.js";
import { readFilter, readValue } from "../../../../src/query/filter-language.js";
import { filterConditions, Parameters } from "../../../../src/query/filter-sql.js";

function faultOf(text: string): { message: string; at: string } {
  try {
    readFilter(text);
  } catch (error) {
    if (!(error instanceof LoomError) || error.position === null) throw error;
    expect(error.code).toBe("invalid_filter");
    return { message: error.message, at: text.slice(error.position.start, error.position.end) };
  }
  return expect.unreachable(`${text} was read`);
}

function sqlOf(text: string, ground: "rows" | "sums" = "rows") {
  const parameters = new Parameters();
  return { sql: filterConditions(readFilter(text), parameters, "$t", ground), values: parameters.values };
}

describe("the filter language", () => {
  test.each([
    ["model:gpt-4o", ["model = $1"], ["gpt-4o"]],
    ["model:gpt-4o,gpt-4.1", ["model = ANY ($1::text[])"], [["gpt-4o", "gpt-4.1"]]],
    ["session:abc*", ["starts_with(session_id, $1)"], ["abc"]],
    ['user:"Ada \\"L.\\", of*"', ["end_user = $1"], ['Ada "L.", of*']],
    ["status:>=500", ["status_code >= $1"], [500]],
    ["status:5xx,404", ["(status_code BETWEEN $1 AND $2 OR status_code = $3)"], [500, 599, 404]],
    ["latency:>2s", ["latency_ms > $1"], [2000]],
    ["latency:0.5s..2s", ["latency_ms BETWEEN $1 AND $2"], [500, 2000]],
    ["cost:<=$0.01", ["estimated_cost_usd <= $1"], [0.01]],
    ["tokens:>1k", ["total_tokens > $1"], [1000]],
    ["-outcome:complete", ["outcome <> 'complete'"], []],
    ["-status:200", ["status_code <> $1"], [200]],
    ["-model:gpt-4o", ["(model = $1) IS NOT TRUE"], ["gpt-4o"]],
    ["-cost:*", ["(estimated_cost_usd IS NOT NULL) IS NOT TRUE"], []],
    ["tag:a,b", ["tags && $1::text[]"], [["a", "b"]]],
    ["tag:*", ["tags <> '{}'"], []],
    ["streamed:yes", ["streamed = 'true'"], []],
    ["  model:a   status:200 ", ["model = $1", "status_code = $2"], ["a", 200]],
    ["", [], []],
  ])("reads %s", (text, sql, values) => {
    expect(sqlOf(text)).toEqual({ sql, values });
  });

  test("asks for a key by id, by prefix or by name, of this tenant only", () => {
    const id = "0190a1b2-0000-7000-8000-00000000000b";
    expect(sqlOf(`key:${id}`)).toEqual({ sql: ["api_key_id = $1::uuid"], values: [id] });
    const named = sqlOf("key:web");
    expect(named.sql[0]).toContain("k.tenant_id = $t AND (k.prefix = ANY ($1::text[]) OR k.name = ANY ($1::text[]))");
    expect(named.values).toEqual([["web"]]);
  });

  test("knows that sums have an empty text where rows have NULL", () => {
    expect(sqlOf("-provider:mock", "sums").sql).toEqual(["(nullif(provider, '') = $1) IS NOT TRUE"]);
  });

  test.each([
    ["modle:gpt-4o", "modle", /There is no field "modle". Did you mean "model"\?/],
    ["status:200 hello", "hello", /Free text is not searched/],
    ['"free text" model:a', '"free text"', /Free text is not searched/],
    ["outcome:complet", "complet", /one of complete, error.* Did you mean "complete"\?/],
    ["model:", "", /A value is missing/],
    ["model:a,,b", ",", /A value is missing/],
    ['model:"abc', '"abc', /never closed/],
    ['model:a"b', '"', /quote stands in the middle/],
    ["latency:>2parsecs", ">2parsecs", /no latency: write a number with one of the units ms, s, m, h/],
    ["status:6xx", "6xx", /404, 5xx, >=400/],
    ["cost:cheap", "cheap", /no cost/],
    ["model:>b", ">b", /takes no comparison/],
    ["model:a*b", "a*b", /only at the end/],
    ["tag:a*", "a*", /only at the end/],
    ["status:>1,2", ">1", /takes one value/],
    ["streamed:maybe", "maybe", /one of true, false/],
    ["-", "-", /field:value/],
  ])("refuses %s and points at the fault", (text, at, message) => {
    const fault = faultOf(text);
    expect(fault.message).toMatch(message);
    if (at !== "") expect(fault.at).toBe(at);
  });

  test("says where the fault is in words as well", () => {
    expect(faultOf("status:200 modle:x").message).toContain("(at character 12)");
  });

  test("takes text only as a parameter, never as SQL", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        const { sql, values } = sqlOf(writeTerm("model", value));
        expect(sql).toEqual(["model = $1"]);
        expect(values).toEqual([value]);
      }),
    );
  });

  test("ends with terms or with a position, whatever is typed", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(readFilter(text).every(({ field }) => fields.has(field.name))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(LoomError);
          expect((error as LoomError).position).not.toBeNull();
        }
      }),
    );
  });
});

describe("a parameter of its own", () => {
  test("may have spaces, and points at itself", () => {
    expect(readValue("user", "Ada L.", "user").test).toEqual({
      kind: "any",
      values: [{ text: "Ada L.", isPrefix: false }],
    });
    expect(() => readValue("status", "4x4", "status")).toThrow(expect.objectContaining({ param: "status" }));
  });
});

describe("what a filter implies", () => {
  test("only keys, models and providers can be answered from sums", () => {
    expect(isSummable(readFilter("model:a -provider:b key:c"))).toBe(true);
    expect(isSummable(readFilter("model:a user:b"))).toBe(false);
  });
});
