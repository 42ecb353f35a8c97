import { describe, expect, test } from "vitest";
import { readFilterValues, readParameters } from "../../../../src/query/read-parameters.js";
import { exportTracesParameters, listTracesParameters } from "../../../../src/query/schema/parameters.js";

describe("parameters", () => {
  test("are read from the query of a URL; twice is a list, empty is not given", () => {
    expect(readParameters("model=a&model=b%2C&q=&limit=5", listTracesParameters)).toEqual({
      model: "a,b,",
      limit: "5",
    });
  });

  test.each([
    ["modell=x", "modell", /Did you mean model\?/],
    ["limit=0", "limit", /between 1 and 200/],
    ["limit=201", "limit", /between 1 and 200/],
    ["limit=x", "limit", /not a whole number/],
    ["streamed=perhaps", "streamed", /one of true, false/],
    ["minCost=-1", "minCost", /not a number/],
  ])("%s is refused and named", (query, param, message) => {
    expect(() => readParameters(query, listTracesParameters)).toThrow(
      expect.objectContaining({ code: "bad_request", param, message: expect.stringMatching(message) as string }),
    );
  });

  test("that are needed are asked for", () => {
    expect(() => readParameters("", exportTracesParameters)).toThrow(expect.objectContaining({ param: "format" }));
  });

  test("of a filter become terms like those of the language", () => {
    const terms = readFilterValues({ q: "tag:x", status: "5xx", minLatencyMs: "100", streamed: "true" });
    expect(terms.map(({ field }) => field.name)).toEqual(["tag", "status", "streamed", "latency"]);
  });
});
