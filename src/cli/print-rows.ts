// Rows for a terminal: aligned columns under a header. With --json the same rows are printed as they are.
import type { ProgramTools } from "./program-tools.js";

export type Cell = string | null;

/** Prints one JSON document. */
export function printJson(tools: ProgramTools, value: unknown): void {
  tools.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints rows as columns, or `nothing` when there are none. */
export function printRows<Row>(
  tools: ProgramTools,
  rows: readonly Row[],
  { columns, nothing }: { columns: Readonly<Record<string, (row: Row) => Cell>>; nothing: string },
): void {
  if (rows.length === 0) {
    tools.write(`${nothing}\n`);
    return;
  }
  const header = Object.keys(columns);
  const cells = rows.map((row) => Object.values(columns).map((cell) => plain(cell(row) ?? "-")));
  const widths = header.map((title, index) => Math.max(title.length, ...cells.map((line) => line[index]?.length ?? 0)));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  const titles = line(header.map((title) => title.toUpperCase()));
  tools.write(`${tools.colours.out ? `\u001b[1m${titles}\u001b[22m` : titles}\n`);
  for (const texts of cells) tools.write(`${line(texts)}\n`);
}

export function showTime(time: Date | null): Cell {
  return time === null ? null : `${time.toISOString().slice(0, 19)}Z`;
}

// A name in the database must not move the cursor of whoever lists it.
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
