// The lines of an export. Pure.
import { LoomError } from "../errors/loom-error.js";
import { type Trace, traceShape } from "../query/schema/trace.js";

export type Column = { readonly name: string; readonly read: (trace: Trace) => unknown };

const keyColumns: Readonly<Record<string, Column["read"]>> = {
  keyId: ({ key }) => key.id,
  keyPrefix: ({ key }) => key.prefix,
  keyName: ({ key }) => key.name,
};

const known: ReadonlyMap<string, Column> = new Map(
  Object.keys(traceShape.shape).flatMap((name): [string, Column][] => {
    if (name === "key") return Object.entries(keyColumns).map(([key, read]) => [key, { name: key, read }]);
    return [[name, { name, read: (trace) => trace[name as keyof Trace] }]];
  }),
);

/** @throws LoomError `bad_request` that names an unknown column */
export function readColumns(names: string | undefined): readonly Column[] {
  if (names === undefined) return [...known.values()];
  return names.split(",").map((name) => {
    const column = known.get(name.trim());
    if (column !== undefined) return column;
    const message = `There is no column ${JSON.stringify(name.slice(0, 60))}. Columns: ${[...known.keys()].join(", ")}.`;
    throw new LoomError("bad_request", { message, param: "columns" });
  });
}

export function writeCsvHeader(columns: readonly Column[]): string {
  return `${columns.map(({ name }) => name).join(",")}\r\n`;
}

export function writeCsvRow(trace: Trace, columns: readonly Column[]): string {
  return `${columns.map(({ read }) => writeCell(read(trace))).join(",")}\r\n`;
}

/** What spreadsheets take for a formula when a cell begins with it (OWASP, CSV injection). */
const formulaStart = /^[=+\-@\t\r\n]/;

function writeCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  // A number is never a formula, and text that only looks like one must stay text.
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = Array.isArray(value) ? value.join(" ") : typeof value === "string" ? value : JSON.stringify(value);
  const safe = formulaStart.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function writeJsonLine(trace: Trace, columns: readonly Column[]): string {
  if (columns.length === known.size) return `${JSON.stringify(trace)}\n`;
  return `${JSON.stringify(Object.fromEntries(columns.map(({ name, read }) => [name, read(trace)])))}\n`;
}
