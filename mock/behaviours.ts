// The names by which a request chooses how the mock provider behaves: the model name, or on Azure's classic paths the
// deployment name, with or without a leading `mock/`. A name that is not here gets the canned answer.

export const behaviourNames = [
  "canned",
  "echo",
  "stream",
  "tools",
  "json",
  "refusal",
  "headers",
  "big",
  "long-event",
  "odd-cuts",
  "crlf",
  "keep-alive",
  "no-usage",
  "usage-in-last-chunk",
  "usage-every-chunk",
  "groq-usage",
  "slow-first-byte",
  "timeout",
  "cut",
  "cut-before",
  "end-early",
  "no-done",
  "error-event",
] as const;

/** Error statuses that the model list names; every other `error-400` to `error-599` works as well. */
export const listedErrorNames = [
  "error-400",
  "error-401",
  "error-403",
  "error-404",
  "error-429",
  "error-500",
  "error-503",
] as const;

export type NamedBehaviour = (typeof behaviourNames)[number];

export type Behaviour =
  | { readonly kind: "named"; readonly name: NamedBehaviour }
  | { readonly kind: "error"; readonly status: number };

const cannedBehaviour: Behaviour = { kind: "named", name: "canned" };
const known: ReadonlyMap<string, Behaviour> = new Map(
  behaviourNames.map((name): [string, Behaviour] => [name, { kind: "named", name }]),
);

/** The behaviour that a model or deployment name asks for. */
export function findBehaviour(model: string): Behaviour {
  const name = stripPrefix(model);
  const error = /^error-([45]\d\d)$/.exec(name);
  if (error !== null) return { kind: "error", status: Number(error[1]) };
  return known.get(name) ?? cannedBehaviour;
}

/** `mock/echo` -> `echo`. */
export function stripPrefix(model: string): string {
  return model.startsWith("mock/") ? model.slice("mock/".length) : model;
}

/** The name that decides what an answer looks like; an error behaviour never gets that far. */
export function behaviourName(behaviour: Behaviour): NamedBehaviour {
  return behaviour.kind === "named" ? behaviour.name : "canned";
}
