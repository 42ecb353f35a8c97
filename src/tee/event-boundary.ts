// Where server-sent events end in a stretch of bytes. A blank line ends an event; a line ends with LF, CRLF or CR
// (WHATWG HTML, section 9.2). These bytes never occur inside a UTF-8 sequence, so no decoding is needed.

const lf = 0x0a;
const cr = 0x0d;
const blankLine = Buffer.from("\n\n");

/** The length of the line end at `at`, or 0 when there is none. */
function lineEndAt(bytes: Buffer, at: number): number {
  if (bytes[at] === lf) return 1;
  if (bytes[at] !== cr) return 0;
  return bytes[at + 1] === lf ? 2 : 1;
}

/** The end of the first event at or after `from` (past its blank line), or -1 when none ends here. */
export function nextBoundary(bytes: Buffer, from: number, hasCr = bytes.includes(cr, from)): number {
  if (!hasCr) {
    const at = bytes.indexOf(blankLine, from);
    return at === -1 ? -1 : at + 2;
  }
  for (let at = from; at < bytes.length; at += 1) {
    const first = lineEndAt(bytes, at);
    if (first === 0) continue;
    const second = lineEndAt(bytes, at + first);
    if (second > 0) return at + first + second;
    at += first - 1;
  }
  return -1;
}

/** The end of the last event in `bytes`, or 0 when none ends here. Nearly every chunk ends with one. */
export function lastBoundary(bytes: Buffer): number {
  const { length } = bytes;
  if (length >= 2 && bytes[length - 1] === lf && bytes[length - 2] === lf) return length;
  if (!bytes.includes(cr)) {
    const at = bytes.lastIndexOf(blankLine);
    return at === -1 ? 0 : at + 2;
  }
  // The last blank line is the last line end that follows another one directly.
  for (let at = length - 1; at > 0; at -= 1) {
    const byte = bytes[at];
    if (byte !== lf && byte !== cr) continue;
    const start = byte === lf && bytes[at - 1] === cr ? at - 1 : at;
    const before = bytes[start - 1];
    if (before === lf || before === cr) return at + 1;
    at = start;
  }
  return 0;
}

/** The events of a stretch that ends at a boundary, each with its blank line. */
export function splitEvents(bytes: Buffer): Buffer[] {
  const events: Buffer[] = [];
  const hasCr = bytes.includes(cr);
  let at = 0;
  while (at < bytes.length) {
    const end = nextBoundary(bytes, at, hasCr);
    if (end === -1) {
      events.push(bytes.subarray(at));
      return events;
    }
    events.push(bytes.subarray(at, end));
    at = end;
  }
  return events;
}

function linesOf(event: Buffer): string[] {
  return event
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/);
}

/** The text of an event's `data` lines, joined with LF, or null when it has none. */
export function eventText(event: Buffer): string | null {
  const lines: string[] = [];
  for (const line of linesOf(event)) {
    if (line === "data") lines.push("");
    else if (line.startsWith("data:")) lines.push(line.startsWith("data: ") ? line.slice(6) : line.slice(5));
  }
  return lines.length === 0 ? null : lines.join("\n");
}

/** What an event says it is: its `event` line, else a `type` at the beginning of its JSON; null for neither. */
export function eventType(event: Buffer): string | null {
  const lines = linesOf(event);
  const named = lines.findLast((line) => line.startsWith("event:"));
  if (named !== undefined) return named.slice(6).trim();
  const first = lines.find((line) => line.startsWith("data:"));
  return /^data: ?\{\s*"type"\s*:\s*"([^"\\]+)"/.exec(first ?? "")?.[1] ?? null;
}
