// What the schema of loom.yaml is made of: kinds of fields that take the text of the environment as well as YAML's own
// values, each with the fix that a fault shows.
import { z } from "zod";

export const dayMs = 86_400_000;

export function wholeNumber(min: number, max: number, what: string) {
  const error = `${what}: a whole number from ${min} to ${max}.`;
  return z
    .preprocess(numberFromText, z.int(error).min(min, error).max(max, error))
    .optional()
    .meta({
      description: upperFirst(what),
    });
}

/** A whole number, or `auto`. */
export function wholeNumberOrAuto(min: number, max: number, what: string) {
  const error = `${what}: a whole number from ${min} to ${max}, or auto.`;
  return z
    .preprocess(numberFromText, z.union([z.literal("auto"), z.int(error).min(min, error).max(max, error)], { error }))
    .optional()
    .meta({ description: upperFirst(what) });
}

// The environment and expanded references give text, whatever the setting is.
function numberFromText(value: unknown): unknown {
  return typeof value === "string" && /^-?\d+$/.test(value.trim()) ? Number(value) : value;
}

export function oneOf<const Names extends readonly [string, ...string[]]>(names: Names, what: string) {
  return z
    .enum(names, `one of ${names.join(", ")}.`)
    .optional()
    .meta({ description: upperFirst(what) });
}

export function text(what: string) {
  return z
    .string(`${what}, as text.`)
    .optional()
    .meta({ description: upperFirst(what) });
}

export function section<Shape extends z.ZodRawShape>(shape: Shape, what: string) {
  return z
    .strictObject(shape, `a section with the fields ${Object.keys(shape).join(", ")}.`)
    .optional()
    .meta({ description: what });
}

export function isPlainHttpUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) return false;
  return url.username === "" && url.password === "" && !/[?#]/.test(value);
}

export function upperFirst(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

export function ratio(what: string) {
  const error = `${what}: a number from 0 to 1.`;
  return z
    .preprocess(
      (value) => (typeof value === "string" && /^\d*\.?\d+$/.test(value.trim()) ? Number(value) : value),
      z.number(error).min(0, error).max(1, error),
    )
    .optional()
    .meta({ description: upperFirst(what) });
}

export function yesOrNo(what: string) {
  return z
    .preprocess((value) => (value === "true" ? true : value === "false" ? false : value), z.boolean("true or false."))
    .optional()
    .meta({ description: upperFirst(what) });
}

/** An address without credentials; `what` is its description. */
export function plainUrl(what: string, example: string) {
  return z
    .string("a URL, as text.")
    .refine(isPlainHttpUrl, `a URL such as ${example}, without user, password, query or fragment.`)
    .optional()
    .meta({ description: what });
}

/** A list of names and addresses; as text, with commas between them. */
export function hostNames(what: string) {
  const error = `${what}, as names or addresses without ports.`;
  return z
    .preprocess(
      (value) => (typeof value === "string" ? value.split(",").flatMap((item) => item.trim() || []) : value),
      z.array(z.string(error), error).refine((hosts) => hosts.every((host) => /^[A-Za-z0-9.:_-]+$/.test(host)), error),
    )
    .optional()
    .meta({ description: upperFirst(what) });
}
