// The query of a URL as the values of an operation's parameters, checked; and the filter that is in them.
import type { z } from "zod";
import { nearestName } from "../config/nearest-name.js";
import { LoomError } from "../errors/loom-error.js";
import type { Filter, Term } from "./filter.js";
import { readFilter, readValue } from "./filter-language.js";
import type { FilterValues } from "./schema/parameters.js";

/**
 * `query` is raw, without its `?`. A parameter that is given twice is joined with a comma.
 * @throws LoomError `bad_request` that names the parameter
 */
export function readParameters<Shape extends z.ZodObject>(query: string, shape: Shape): z.infer<Shape> {
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (!(name in shape.shape)) refuseUnknown(name, Object.keys(shape.shape));
    // An empty field of a form is a field that nobody filled in.
    if (value === "") continue;
    values[name] = values[name] === undefined ? value : `${values[name]},${value}`;
  }
  const result = shape.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const param = String(issue?.path[0] ?? "");
  throw new LoomError("bad_request", { message: `The parameter ${param} ${describeIssue(issue)}.`, param });
}

function refuseUnknown(name: string, known: readonly string[]): never {
  const nearest = nearestName(name, known);
  const hint = nearest === null ? (known.length === 0 ? "None is taken here." : "") : `Did you mean ${nearest}?`;
  const message = `There is no parameter ${JSON.stringify(name.slice(0, 100))}. ${hint}`.trim();
  throw new LoomError("bad_request", { message, param: name.slice(0, 100) });
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "is wrong";
  if (issue.code === "invalid_value") return `is one of ${issue.values.join(", ")}`;
  if (issue.code === "invalid_type") return "is missing";
  if (issue.code === "too_big") return "is too long";
  return issue.message.startsWith("is ") ? issue.message : `is wrong: ${issue.message}`;
}

/** Parameter -> the field that it is a short form of. */
const shortForms = {
  model: "model",
  provider: "provider",
  endpoint: "endpoint",
  status: "status",
  outcome: "outcome",
  key: "key",
  session: "session",
  user: "user",
  tag: "tag",
  error: "error",
  streamed: "streamed",
} as const satisfies Partial<Record<keyof FilterValues, string>>;

const bounds = [
  ["minCost", "cost", ">="],
  ["maxCost", "cost", "<="],
  ["minLatencyMs", "latency", ">="],
  ["maxLatencyMs", "latency", "<="],
] as const;

/** All terms of `q` and of the single parameters. @throws LoomError `invalid_filter` */
export function readFilterValues(values: FilterValues): Filter {
  const terms: Term[] = values.q === undefined ? [] : [...readFilter(values.q)];
  for (const [param, field] of Object.entries(shortForms)) {
    const text = values[param as keyof typeof shortForms];
    if (text !== undefined) terms.push(readValue(field, text, param));
  }
  for (const [param, field, comparison] of bounds) {
    const text = values[param];
    if (text !== undefined) terms.push(readValue(field, `${comparison}${text}`, param));
  }
  return terms;
}
