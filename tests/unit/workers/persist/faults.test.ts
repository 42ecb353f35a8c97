import { describe, expect, it } from "vitest";
import { readFault, readFaultyRow, readReason } from "../../../../workers/persist/faults.js";

const fault = (code: string, more: object = {}) => readFault(Object.assign(new Error("no"), { code, ...more }));

describe("a failed transaction", () => {
  it("is told apart by what it means for the rows", () => {
    expect(fault("23505")).toBe("doubled");
    expect(fault("23514")).toBe("partition");
    expect(fault("23514", { constraint: "traces_outcome_check" })).toBe("row");
    for (const code of ["22021", "22003", "22P03", "23502", "08P01", "XX000", "54000", "P0001"]) {
      expect([code, fault(code)]).toEqual([code, "row"]);
    }
    for (const code of ["08006", "40P01", "53100", "57P01", "57014", "25006", "42P01", "42501", "28P01", "3D000"]) {
      expect([code, fault(code)]).toEqual([code, "moment"]);
    }
    expect(readFault(new RangeError("our own"))).toBe("row");
  });

  it("names the row that it came from when the server did", () => {
    const where = (text: string) => readFaultyRow(Object.assign(new Error("no"), { where: text }));
    expect(where("COPY traces, line 12, column outcome")).toBe(11);
    expect(where('SQL statement "x"\nCOPY traces, line 1')).toBe(0);
    expect(where("something else, line 3")).toBe(null);
    expect(readFaultyRow(new Error("no"))).toBe(null);
  });

  it("has its message as the reason, never its detail", () => {
    expect(readReason(Object.assign(new Error("violates"), { detail: "Failing row contains (secret)" }))).toBe(
      "violates",
    );
    expect(readReason("text")).toBe("text");
  });
});
