import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeValues, findValues } from "../../../../src/route/edit-json.js";

const change = (json: string, changes: Record<string, string>) =>
  changeValues(Buffer.from(json), new Map(Object.entries(changes))).toString();

const space = fc.constantFrom("", " ", "\n", "\t ", "\r\n");
/** The text of a key, perhaps with some characters as unicode escapes. */
const keyText = fc
  .tuple(fc.constantFrom("model", "stream_options", "m", 'mo"del', "a\\", "}", "", "é😀", "__proto__"), fc.boolean())
  .map(([key, escaped]) => {
    const text = JSON.stringify(key);
    const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return { key, text: escaped && !text.includes("\\") ? `"${text.slice(1, -1).replace(/[\s\S]/g, escape)}"` : text };
  });
const valueText = fc
  .tuple(fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('"', "\\", "}{][,:", '\\"')), fc.constantFrom(0, 2))
  .map(([value, indent]) => JSON.stringify(value, null, indent))
  .filter((text) => text !== undefined);
const rawValue = fc.oneof(valueText, fc.constantFrom("1e400", "12345678901234567890.0", "-0", '"\\ud800"', "true"));
const member = fc.tuple(keyText, rawValue, space, space, space, space);

type Written = { readonly text: string; readonly members: readonly { key: string; start: number; end: number }[] };

/** A JSON object as text, with the places of its values written down while it is put together. */
const object = fc
  .tuple(fc.array(member, { maxLength: 6 }), space, space, space)
  .map(([members, lead, inner, trail]): Written => {
    let text = `${lead}{${inner}`;
    const spans: { key: string; start: number; end: number }[] = [];
    members.forEach(([{ key, text: keyAsText }, value, a, b, c, d], index) => {
      text += `${index === 0 ? "" : ","}${a}${keyAsText}${b}:${c}`;
      const start = Buffer.byteLength(text);
      text += value;
      spans.push({ key, start, end: Buffer.byteLength(text) });
      text += d;
    });
    return { text: `${text}}${trail}`, members: spans };
  });

describe("finding values", () => {
  it("gives the place of every top-level value with the key, repeated and escaped ones too", () => {
    fc.assert(
      fc.property(object, fc.subarray(["model", "", 'mo"del', "é😀", "__proto__"]), ({ text, members }, keys) => {
        const wanted = new Set(keys);
        expect(findValues(Buffer.from(text), wanted)).toEqual(members.filter(({ key }) => wanted.has(key)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("changing values", () => {
  it("parses to the object with the changes", () => {
    fc.assert(
      fc.property(object, fc.jsonValue(), ({ text }, value) => {
        const changed = JSON.parse(change(text, { model: JSON.stringify(value), added: "1" })) as unknown;
        const expected = new Map(Object.entries(JSON.parse(text) as object));
        const wanted = JSON.parse(JSON.stringify(value)) as unknown;
        expected.set("model", wanted).set("added", 1);
        expect(new Map(Object.entries(changed as object))).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves every other byte as it is", () => {
    fc.assert(
      fc.property(object, ({ text, members }) => {
        const bytes = Buffer.from(text);
        const kept: Buffer[] = [];
        let at = 0;
        for (const { key, start, end } of members) {
          if (key !== "model") continue;
          kept.push(bytes.subarray(at, start), Buffer.from("<new>"));
          at = end;
        }
        kept.push(bytes.subarray(at));
        const hasModel = members.some(({ key }) => key === "model");
        const brace = text.lastIndexOf("}");
        const comma = members.length === 0 ? "" : ",";
        const expected = hasModel
          ? Buffer.concat(kept).toString()
          : `${text.slice(0, brace)}${comma}"model":<new>${text.slice(brace)}`;
        expect(change(text, { model: "<new>" })).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['{"model":"a","seed":12345678901234567890}', { model: '"b"' }, '{"model":"b","seed":12345678901234567890}'],
    ['{"model":"a","model":"c"}', { model: '"b"' }, '{"model":"b","model":"b"}'],
    ['{"mod\\u0065l":"a"}', { model: '"b"' }, '{"mod\\u0065l":"b"}'],
    ['{"x":{"model":"a"}}', { model: '"b"' }, '{"x":{"model":"a"},"model":"b"}'],
    ['{"x":["model","}"]}', { model: '"b"' }, '{"x":["model","}"],"model":"b"}'],
    [" { } ", { model: '"b"' }, ' { "model":"b"} '],
    ["{}", { a: "1", b: "2" }, '{"a":1,"b":2}'],
    ['{"a":0}\n', { a: "1", b: "2" }, '{"a":1,"b":2}\n'],
    ['{"a":{}}', { b: "2" }, '{"a":{},"b":2}'],
    ['{"a":"{"}', { b: "2" }, '{"a":"{","b":2}'],
    ['{"stream_options":null}', { stream_options: "{}" }, '{"stream_options":{}}'],
  ])("in %s by %j gives %s", (json, changes, expected) => {
    expect(change(json, changes)).toBe(expected);
  });

  it("keeps bytes that are no UTF-8", () => {
    const json = Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc3, 0xff]), Buffer.from('","model":"a"}')]);
    const expected = Buffer.concat([json.subarray(0, -4), Buffer.from('"b"}')]);
    expect(changeValues(json, new Map([["model", '"b"']]))).toEqual(expected);
  });
});
