import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findFields, formBoundary, leadingField } from "../../../../src/route/form-fields.js";

const model = new Set(["model"]);
const part = (head: string, value: string) => `--b\r\n${head}\r\n\r\n${value}\r\n`;
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value);
const values = (form: string, names = model) =>
  findFields(Buffer.from(form), "b", names).map(({ name, value }) => [name, value]);

describe("the boundary of a form", () => {
  it.each([
    ["multipart/form-data; boundary=abc", "abc"],
    ['Multipart/Form-Data; charset=utf-8; boundary="a b:c"', "a b:c"],
    ["multipart/form-data;boundary=abc; charset=x", "abc"],
    ["multipart/form-data", null],
    ["multipart/form-data; boundary=", null],
    [`multipart/form-data; boundary=${"x".repeat(71)}`, null],
    ["multipart/mixed; boundary=abc", null],
    ["application/json; boundary=abc", null],
    ["", null],
  ])("of %j is %j", (type, boundary) => {
    expect(formBoundary(type)).toBe(boundary);
  });
});

describe("the fields of a form", () => {
  it("are found before and after a file, which may hold anything", () => {
    const file = part('Content-Disposition: form-data; name="file"; filename="model"', 'x\r\n--c\r\nname="model"\r\n');
    expect(values(`${field("model", "a")}${file}--b--\r\n`)).toEqual([["model", "a"]]);
    expect(values(`${file}${field("model", "a")}--b--\r\n`)).toEqual([["model", "a"]]);
  });

  it("are not a file of that name", () => {
    const file = part('Content-Disposition: form-data; name="model"; filename="f"', "a");
    expect(values(`${file}--b--`)).toEqual([]);
  });

  it("are read in each way that clients write them", () => {
    expect(values(`${part("content-disposition:form-data;name=model", "a")}--b--`)).toEqual([["model", "a"]]);
    const typed = part('Content-Type: text/plain\r\nContent-Disposition: form-data; name="model"', "é");
    expect(values(`preamble\r\n${typed}--b--`)).toEqual([["model", "é"]]);
    expect(values(`--b  \r\nContent-Disposition: form-data; name="model"\r\n\r\na\r\n--b--`)).toEqual([["model", "a"]]);
  });

  it("end with the form, and a cut one gives those that are whole", () => {
    expect(values(`${field("x", "1")}--b--\r\n${field("model", "a")}`)).toEqual([]);
    expect(values(`${field("model", "a")}${field("model", "b").slice(0, -2)}`)).toEqual([["model", "a"]]);
    expect(values("no form at all")).toEqual([]);
  });

  it("of absurd length are left alone", () => {
    expect(values(`${field("model", "x".repeat(5000))}--b--`)).toEqual([]);
    expect(values(`${part(`x: ${"y".repeat(20_000)}`, "a")}--b--`)).toEqual([]);
  });

  it("stand where they are said to stand, whatever is around them", () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), fc.boolean(), (value, file, first) => {
        fc.pre(!value.includes("\r\n--b"));
        const text = Buffer.from(field("model", value));
        const head = 'Content-Disposition: form-data; name="f"; filename="f"';
        const upload = Buffer.concat([Buffer.from(`--b\r\n${head}\r\n\r\n`), file, Buffer.from("\r\n")]);
        const form = Buffer.concat([...(first ? [text, upload] : [upload, text]), Buffer.from("--b--\r\n")]);
        const [found] = findFields(form, "b", model);
        const wanted = Buffer.from(value);
        expect(form.subarray(found?.start, found?.end).equals(wanted)).toBe(true);
      }),
    );
  });

  it("can be put in front of it", () => {
    const form = Buffer.concat([leadingField("b", "model", "a"), Buffer.from(`${field("x", "1")}--b--`)]);
    expect(findFields(form, "b", new Set(["model", "x"])).map(({ value }) => value)).toEqual(["a", "1"]);
  });
});
