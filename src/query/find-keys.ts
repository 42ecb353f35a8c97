// Keys by name or prefix become ids before a list is read: rows of one key have an index in the order of the list,
// rows of a name have none.
import type { Filter, Term } from "./filter.js";
import type { Query } from "./reader.js";

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Of no key: finds nothing, and at once. */
const noKey = "00000000-0000-0000-0000-000000000000";

export function isKeyId(text: string): boolean {
  return uuidForm.test(text);
}

function isNamed({ field, isNegated, test }: Term): boolean {
  return field.kind === "key" && !isNegated && test.kind === "any" && test.values.some(({ text }) => !isKeyId(text));
}

/** The same filter with the ids of the keys that it names. */
export async function findKeys(query: Query, filter: Filter, tenantId: string): Promise<Filter> {
  if (!filter.some(isNamed)) return filter;
  const keys = await query<{ id: string; prefix: string; name: string }>(
    "SELECT id, prefix, name FROM loom.api_keys WHERE tenant_id = $1",
    [tenantId],
  );
  return filter.map((term) => {
    const { test } = term;
    if (!isNamed(term) || test.kind !== "any") return term;
    const wanted = new Set(test.values.map(({ text }) => text));
    const ids = keys.filter(({ prefix, name }) => wanted.has(prefix) || wanted.has(name)).map(({ id }) => id);
    const all = new Set([...ids, ...[...wanted].filter(isKeyId)]);
    if (all.size === 0) all.add(noKey);
    return { ...term, test: { kind: "any", values: [...all].map((text) => ({ text, isPrefix: false })) } };
  });
}
