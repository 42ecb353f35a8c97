// The kinds of settings that the schema of loom.yaml is made of. An `error` text is the fix that a fault shows.
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

export function upperFirst(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
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
