// PostgreSQL's binary COPY format, written straight into one growing buffer. A field must have its column's exact
// type: the server casts nothing.
// Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; all numbers are big-endian.
import { writeUuid } from "../uuid-bytes.js";

/** Signature, no flags, no header extension. */
export const copyHeader = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");
export const copyTrailer = Buffer.from("ffff", "hex");

const oids = { int2: 21, int4: 23, text: 25 } as const;
/** 2000-01-01T00:00:00Z in unix µs. */
const epochMicros = 946_684_800_000_000;
const word = 0x1_0000_0000;
const numericNegative = 0x4000;

export class BinaryCopy {
  #bytes: Buffer;
  #at = 0;

  constructor(capacityBytes: number) {
    // Never a slice of Node's pool: it would keep the pool, and grow out of it at once.
    this.#bytes = Buffer.allocUnsafeSlow(capacityBytes);
  }

  get length(): number {
    return this.#at;
  }

  /** Forgets everything after `length`: a row that could not be finished, or all of it for the next use. */
  truncate(length: number): void {
    this.#at = length;
  }

  /** A view; valid until the next write. */
  view(from: number, to: number): Buffer {
    return this.#bytes.subarray(from, to);
  }

  /** A row that is encoded already. */
  raw(row: Uint8Array): void {
    this.#reserve(row.length);
    this.#bytes.set(row, this.#at);
    this.#at += row.length;
  }

  startRow(fields: number): void {
    this.#reserve(2);
    this.#at = this.#bytes.writeInt16BE(fields, this.#at);
  }

  uuid(text: string | null): void {
    if (text === null) return this.#null();
    this.#head(16);
    writeUuid(this.#bytes, this.#at, text);
    this.#at += 16;
  }

  /** timestamptz from unix ms; fractions below a µs are cut off, never rounded into the next day. */
  timestamp(unixMs: number): void {
    this.int8(Math.floor(unixMs * 1000) - epochMicros);
  }

  text(value: string | null): void {
    if (value === null) return this.#null();
    // No UTF-16 unit takes more than three bytes.
    this.#reserve(4 + value.length * 3);
    const length = this.#bytes.write(value, this.#at + 4);
    this.#bytes.writeInt32BE(length, this.#at);
    this.#at += 4 + length;
  }

  bool(value: boolean): void {
    this.#head(1);
    this.#at = this.#bytes.writeUInt8(value ? 1 : 0, this.#at);
  }

  /** Throws a RangeError for a value that int2 cannot hold; int4 and int8 do likewise. */
  int2(value: number): void {
    this.#head(2);
    this.#at = this.#bytes.writeInt16BE(value, this.#at);
  }

  int4(value: number | null): void {
    if (value === null) return this.#null();
    this.#head(4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
  }

  int8(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    this.#head(8);
    const high = Math.floor(value / word);
    this.#bytes.writeInt32BE(high, this.#at);
    this.#at = this.#bytes.writeUInt32BE(value - high * word, this.#at + 4);
  }

  float8(value: number | null): void {
    if (value === null) return this.#null();
    this.#head(8);
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
  }

  bytea(value: Uint8Array | null): void {
    if (value === null) return this.#null();
    this.#head(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** bytea from a character for each byte. */
  latin1(value: string): void {
    this.#head(value.length);
    this.#at += this.#bytes.write(value, this.#at, "latin1");
  }

  /** A plain decimal, such as "-12.0034"; no exponent. Throws an Error for anything else. */
  numeric(value: string | null): void {
    if (value === null) return this.#null();
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value);
    if (match === null) throw new Error("not a plain decimal");
    const whole = match[2] ?? "";
    const fraction = match[3] ?? "";
    const aligned = whole.padStart(Math.ceil(whole.length / 4) * 4, "0");
    const groups = aligned + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0");
    let first = 0;
    let end = groups.length;
    while (first < end && groups.startsWith("0000", first)) first += 4;
    while (first < end && groups.startsWith("0000", end - 4)) end -= 4;
    const digits = (end - first) / 4;
    this.#head(8 + digits * 2);
    const bytes = this.#bytes;
    this.#at = bytes.writeInt16BE(digits, this.#at);
    // The power of 10,000 of the first digit.
    this.#at = bytes.writeInt16BE(digits === 0 ? 0 : (aligned.length - first) / 4 - 1, this.#at);
    this.#at = bytes.writeUInt16BE(digits > 0 && match[1] === "-" ? numericNegative : 0, this.#at);
    this.#at = bytes.writeInt16BE(fraction.length, this.#at);
    for (let at = first; at < end; at += 4) {
      this.#at = bytes.writeInt16BE(Number(groups.slice(at, at + 4)), this.#at);
    }
  }

  textArray(values: readonly string[]): void {
    const lengthAt = this.#startArray(oids.text, values.length);
    for (const value of values) this.text(value);
    this.#endArray(lengthAt);
  }

  int2Array(values: readonly number[]): void {
    const lengthAt = this.#startArray(oids.int2, values.length);
    for (const value of values) this.int2(value);
    this.#endArray(lengthAt);
  }

  int4Array(values: readonly number[]): void {
    const lengthAt = this.#startArray(oids.int4, values.length);
    for (const value of values) this.int4(value);
    this.#endArray(lengthAt);
  }

  /** i32 dimensions | i32 has nulls | u32 element oid | for the one dimension: i32 length, i32 lower bound. */
  #startArray(oid: number, length: number): number {
    this.#reserve(24);
    const lengthAt = this.#at;
    const bytes = this.#bytes;
    this.#at = bytes.writeInt32BE(length === 0 ? 0 : 1, lengthAt + 4);
    this.#at = bytes.writeInt32BE(0, this.#at);
    this.#at = bytes.writeUInt32BE(oid, this.#at);
    if (length > 0) {
      this.#at = bytes.writeInt32BE(length, this.#at);
      this.#at = bytes.writeInt32BE(1, this.#at);
    }
    return lengthAt;
  }

  #endArray(lengthAt: number): void {
    this.#bytes.writeInt32BE(this.#at - lengthAt - 4, lengthAt);
  }

  #null(): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32BE(-1, this.#at);
  }

  #head(length: number): void {
    this.#reserve(4 + length);
    this.#at = this.#bytes.writeInt32BE(length, this.#at);
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + more));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
