// UUIDs as their 16 raw bytes: the form that is bound into sealed bodies and copied into Postgres.

const dash = 0x2d;
/** Positions of the 16 bytes in the text form. */
const positions = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

/** Writes the 16 bytes of a UUID at `at`. Throws an Error when `text` is not one. */
export function writeUuid(out: Uint8Array, at: number, text: string): void {
  let valid = text.length === 36;
  for (const position of [8, 13, 18, 23]) valid &&= text.charCodeAt(position) === dash;
  for (let index = 0; valid && index < 16; index += 1) {
    const position = positions[index] as number;
    const byte = (nibble(text.charCodeAt(position)) << 4) | nibble(text.charCodeAt(position + 1));
    if (byte < 0) valid = false;
    else out[at + index] = byte;
  }
  if (!valid) throw new Error("not a UUID");
}

/** The 16 bytes of a UUID. Throws an Error when `text` is not one. */
export function uuidBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  writeUuid(bytes, 0, text);
  return bytes;
}

/** The text form of the 16 bytes at `at`. */
export function readUuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString("hex", at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
