import { describe, expect, test } from "vitest";
import { readFilter } from "../../../../src/query/filter-language.js";
import { rareCondition } from "../../../../src/query/rare-rows.js";

describe("an index of rare rows", () => {
  test.each([
    ["status:>=500", "status_code >= 500"],
    ["status:5xx model:a", "status_code >= 500"],
    ["status:503", "status_code >= 500"],
    ["status:4xx", "outcome <> 'complete'"],
    ["status:>=400", "outcome <> 'complete'"],
    ["status:404,503", "outcome <> 'complete'"],
    ["error:*", "outcome <> 'complete'"],
    ["-outcome:complete", "outcome <> 'complete'"],
    ["outcome:error,aborted", "outcome <> 'complete'"],
    ["latency:>10s", "latency_ms >= 10000"],
    ["latency:10s..20s", "latency_ms >= 10000"],
    ["latency:>1m -outcome:complete", "outcome <> 'complete'"],
    ["cost:>0.05", "estimated_cost_usd >= 0.05"],
  ])("serves %s", (text, condition) => expect(rareCondition(readFilter(text))).toBe(condition));

  test.each([
    ...["status:>=200", "status:<500", "-error:*", "outcome:complete,error", "-status:500", "model:a", ""],
    ...["latency:>9s", "latency:<20s", "-latency:>10s", "latency:5s..20s", "cost:>0.04", "cost:*"],
  ])("does not serve %s, which finds others as well", (text) => expect(rareCondition(readFilter(text))).toBeNull());
});
