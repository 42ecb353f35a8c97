import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uuidBytes } from "../../../workers/uuid-bytes.js";

describe("a UUID as bytes", () => {
  it("is its hex digits, in either case", () => {
    fc.assert(
      fc.property(fc.uuid(), (text) => {
        expect(uuidBytes(text).toString("hex")).toBe(text.replaceAll("-", ""));
        expect(uuidBytes(text.toUpperCase()).equals(uuidBytes(text))).toBe(true);
      }),
    );
  });

  it("is refused when the text is anything else", () => {
    const good = "0190a1b2-c3d4-7e5f-8061-728394a5b6c7";
    const bad = [
      "",
      good.slice(1),
      `${good}0`,
      good.replaceAll("-", ""),
      good.replace("-", "0"),
      good.replace("0", "g"),
    ];
    for (let at = 0; at < good.length; at += 1) bad.push(`${good.slice(0, at)}ü${good.slice(at + 1)}`);
    for (const text of bad) expect(() => uuidBytes(text)).toThrow("not a UUID");
  });
});
