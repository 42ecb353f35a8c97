// Finds text fields in a multipart form without rebuilding it: where each value stands, so that one can be replaced
// in its bytes. Source: RFC 7578 (multipart/form-data), RFC 2046 5.1 (delimiters).

/** The bytes `[start, end)` of a field's value. */
export type FieldSpan = { readonly name: string; readonly value: string; readonly start: number; readonly end: number };

/** A longer value is no model name, and no flag. */
const valueBytesMax = 4096;
const partHeadBytesMax = 16 * 1024;
const partsMax = 1000;
const headEnd = Buffer.from("\r\n\r\n");
const boundaryPattern = /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70})(?=[\s;]|$))/i;
const namePattern = /;\s*name=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i;
const dispositionPattern = /^content-disposition:(.*)$/im;

/** The boundary of a `multipart/form-data` content type; null when it has none. */
export function formBoundary(contentType: string): string | null {
  if (!/^\s*multipart\/form-data\b/i.test(contentType)) return null;
  const found = boundaryPattern.exec(contentType);
  return found?.[1] ?? found?.[2] ?? null;
}

/**
 * The text fields (those without a file name) with one of these names, in order; of a form that was cut, those whose
 * end is there. Files are skipped by a search for the next delimiter.
 */
export function findFields(form: Buffer, boundary: string, names: ReadonlySet<string>): FieldSpan[] {
  const spans: FieldSpan[] = [];
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const first = delimiter.subarray(2);
  let at = form.subarray(0, first.length).equals(first) ? first.length : afterDelimiter(form, delimiter, 0);
  for (let parts = 0; at !== -1 && parts < partsMax; parts += 1) {
    // After the delimiter: `--` ends the form, anything else is white space up to the line's end.
    if (form[at] === 0x2d && form[at + 1] === 0x2d) break;
    const head = form.indexOf(headEnd, at);
    if (head === -1 || head - at > partHeadBytesMax) break;
    const start = head + headEnd.length;
    const end = form.indexOf(delimiter, start);
    if (end === -1) break;
    const name = textFieldName(form.toString("utf8", at, head));
    if (name !== null && names.has(name) && end - start <= valueBytesMax) {
      spans.push({ name, value: form.toString("utf8", start, end), start, end });
    }
    at = end + delimiter.length;
  }
  return spans;
}

function afterDelimiter(form: Buffer, delimiter: Buffer, from: number): number {
  const at = form.indexOf(delimiter, from);
  return at === -1 ? -1 : at + delimiter.length;
}

/** The name of a part that is no file, or null. */
function textFieldName(head: string): string | null {
  const disposition = dispositionPattern.exec(head)?.[1];
  if (disposition === undefined || /;\s*filename\*?=/i.test(disposition)) return null;
  const found = namePattern.exec(disposition);
  return found?.[1] ?? found?.[2] ?? null;
}

/** One field as the first part of a form: to be put before the form's bytes. */
export function leadingField(boundary: string, name: string, value: string): Buffer {
  return Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
}
