// Tables for the terminal that are Markdown at the same time, so that they can be pasted into a note. Pure.
import type { Spread } from "../statistics.js";

export type Table = {
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table. */
  readonly notes: readonly string[];
};

/** The first column is a name and stands left, the others are figures and stand right. */
export function drawTable(table: Table): string {
  const widths = table.headings.map((heading, at) =>
    Math.max(heading.length, 3, ...table.rows.map((row) => row[at]?.length ?? 0)),
  );
  const drawRow = (cells: readonly string[]): string => {
    const padded = widths.map((width, at) => {
      const cell = cells[at] ?? "";
      return at === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const lines = [
    `## ${table.title}`,
    "",
    drawRow(table.headings),
    `| ${rule.join(" | ")} |`,
    ...table.rows.map(drawRow),
  ];
  if (table.notes.length > 0) lines.push("", ...table.notes);
  return `${lines.join("\n")}\n`;
}

/** `4,321`, `0.52`; `–` for what was not measured. */
export function drawNumber(value: number | undefined, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Median with the lowest and the highest round: `0.52 (0.49…0.61)`. */
export function drawSpread(spread: Spread | undefined, digits: number): string {
  if (spread === undefined || !Number.isFinite(spread.median)) return "–";
  const [middle, low, high] = [spread.median, spread.low, spread.high].map((value) => drawNumber(value, digits));
  return low === high ? `${middle}` : `${middle} (${low}…${high})`;
}
