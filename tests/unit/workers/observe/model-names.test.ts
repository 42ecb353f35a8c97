import { describe, expect, it } from "vitest";
import { ModelNames } from "../../../../workers/observe/model-names.js";

const seen = (model: string, isPriced = false, isAnswered = true) => ({ provider: "p", model, isAnswered, isPriced });

describe("model names as labels", () => {
  it("are those that a provider has answered to", () => {
    const names = new ModelNames();
    expect(names.labelOf(seen("m", false, false))).toBe("other");
    expect(names.labelOf(seen("m"))).toBe("m");
    expect(names.labelOf(seen("m", false, false))).toBe("m");
    expect(names.labelOf({ ...seen("m"), model: null })).toBe("");
    expect(names.labelOf(seen("x".repeat(101), true))).toBe("other");
  });

  it("do not grow with invented names, and leave those with a price their room", () => {
    const names = new ModelNames();
    const labels = new Set(Array.from({ length: 10_000 }, (_, n) => names.labelOf(seen(`invented-${n}`))));
    expect(labels.size).toBe(51);
    expect(names.labelOf(seen("gpt-4o", true))).toBe("gpt-4o");
    const priced = new Set(Array.from({ length: 10_000 }, (_, n) => names.labelOf(seen(`priced-${n}`, true))));
    expect(priced.size).toBe(200);
  });
});
