// Bytes of a body as JSON can hold them, and the Range header of a request for them. Pure.

export type ShownBytes = {
  readonly offset: number;
  readonly endOffset: number;
  readonly encoding: "utf8" | "base64";
  readonly text: string;
};

/** A part of a body that begins at `offset`; a cut through a character moves to its border. */
export function textOfBytes(bytes: Uint8Array, offset: number, total: number): ShownBytes {
  let from = 0;
  let to = bytes.length;
  if (offset > 0) while (from < 3 && from < to && isContinuation(bytes[from])) from += 1;
  if (offset + to < total) to -= unfinishedBytes(bytes);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(from, to));
    return { offset: offset + from, endOffset: offset + to, encoding: "utf8", text };
  } catch {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    return { offset, endOffset: offset + bytes.length, encoding: "base64", text };
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** How many bytes at the end begin a character that is not whole. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/**
 * The one range of a `Range: bytes=...` header (RFC 9110, 14.2); a negative offset counts from the end. Null for none,
 * for several and for what cannot be read: the whole is given then.
 */
export function readRange(header: string | undefined): { readonly offset: number; readonly length: number } | null {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return null;
  if (first === "") return Number(last) === 0 ? null : { offset: -Number(last), length: Number(last) };
  if (last === "") return { offset: Number(first), length: Number.MAX_SAFE_INTEGER };
  return Number(last) < Number(first) ? null : { offset: Number(first), length: Number(last) - Number(first) + 1 };
}
