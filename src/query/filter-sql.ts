// A filter as SQL conditions. Every value is a parameter of the statement; column names come from the table of fields.
import type { Comparison, Filter, Term } from "./filter.js";

/** Collects the parameters of one statement. */
export class Parameters {
  readonly values: unknown[] = [];

  /** The placeholder of a new parameter. */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** Where the conditions are asked. Sums have an empty text where rows have NULL. */
export type Ground = "rows" | "sums";

const comparisons: Readonly<Record<Comparison, string>> = { ">": ">", ">=": ">=", "<": "<", "<=": "<=", "=": "=" };
const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** One condition a term; all must hold. `tenant` is the placeholder of the tenant's id. */
export function filterConditions(filter: Filter, parameters: Parameters, tenant: string, ground: Ground): string[] {
  return filter.map((term) => {
    const condition = testCondition(term, parameters, tenant, ground);
    if (!term.isNegated) return condition;
    // A row without a value is not one with that value.
    return term.field.isAlwaysThere === true ? negate(condition) : `(${condition}) IS NOT TRUE`;
  });
}

function negate(condition: string): string {
  // The plain form is what a partial index can be matched with.
  const equality = /^(\w+) = (\$\d+|'\w+')$/.exec(condition);
  return equality === null ? `NOT (${condition})` : `${equality[1]} <> ${equality[2]}`;
}

function testCondition(term: Term, parameters: Parameters, tenant: string, ground: Ground): string {
  const { field, test } = term;
  const column = ground === "sums" && field.kind === "text" ? `nullif(${field.column}, '')` : field.column;
  switch (test.kind) {
    case "present":
      return field.kind === "list" ? `${column} <> '{}'` : `${column} IS NOT NULL`;
    case "compare":
      return `${column} ${comparisons[test.comparison]} ${parameters.add(test.value)}`;
    case "ranges":
      return anyOf(
        test.ranges.map(({ low, high }) =>
          low === high
            ? `${column} = ${parameters.add(low)}`
            : `${column} BETWEEN ${parameters.add(low)} AND ${parameters.add(high)}`,
        ),
      );
    case "any":
      return anyCondition(term, column, parameters, tenant);
  }
}

function anyCondition({ field, test }: Term, column: string, parameters: Parameters, tenant: string): string {
  if (test.kind !== "any") throw new Error("not a list of values");
  const { values } = test;
  const exact = values.filter(({ isPrefix }) => !isPrefix).map(({ text }) => text);
  // Literals of the table of choices: what a partial index is matched with must not be a parameter.
  if (field.kind === "choice" || field.kind === "flag") return anyOf(exact.map((text) => `${column} = '${text}'`));
  if (field.kind === "list") return `${column} && ${parameters.add(exact)}::text[]`;
  if (field.kind === "key") return keyCondition(exact, column, parameters, tenant);
  const conditions = values
    .filter(({ isPrefix }) => isPrefix)
    .map(({ text }) => `starts_with(${column}, ${parameters.add(text)})`);
  if (exact.length === 1) conditions.push(`${column} = ${parameters.add(exact[0])}`);
  if (exact.length > 1) conditions.push(`${column} = ANY (${parameters.add(exact)}::text[])`);
  return anyOf(conditions);
}

/** Keys by id, by prefix, or by name. */
function keyCondition(keys: readonly string[], column: string, parameters: Parameters, tenant: string): string {
  const conditions: string[] = [];
  const ids = keys.filter((key) => uuidForm.test(key));
  const names = keys.filter((key) => !uuidForm.test(key));
  if (ids.length === 1) conditions.push(`${column} = ${parameters.add(ids[0])}::uuid`);
  if (ids.length > 1) conditions.push(`${column} = ANY (${parameters.add(ids)}::uuid[])`);
  if (names.length > 0) {
    const list = `${parameters.add(names)}::text[]`;
    conditions.push(
      `${column} = ANY (ARRAY(SELECT k.id FROM loom.api_keys k
         WHERE k.tenant_id = ${tenant} AND (k.prefix = ANY (${list}) OR k.name = ANY (${list}))))`,
    );
  }
  return anyOf(conditions);
}

function anyOf(conditions: readonly string[]): string {
  const [only] = conditions;
  if (conditions.length === 1 && only !== undefined) return only;
  return `(${conditions.join(" OR ")})`;
}
