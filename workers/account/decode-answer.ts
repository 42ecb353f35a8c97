// The captured bytes of an answer as text: content encodings undone, bounded, as far as a cut answer goes.
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { limits } from "../../src/limits.js";

const headShare = 64 * 1024;

/** `Z_SYNC_FLUSH`: what a cut answer still held is given back instead of an error. */
const zlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limits.captureBytesMax };
const brotliOptions = { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: limits.captureBytesMax };

/** Throws what zlib throws, also for more than `limits.captureBytesMax` bytes of output. */
function decodeOne(encoding: string, bytes: Uint8Array): Uint8Array {
  switch (encoding) {
    case "":
    case "identity":
      return bytes;
    case "gzip":
    case "x-gzip":
      return gunzipSync(bytes, zlibOptions);
    case "br":
      return brotliDecompressSync(bytes, brotliOptions);
    case "deflate":
      // By the RFC in a zlib wrapper, but some servers send it bare.
      return ((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync(bytes, zlibOptions) : inflateRawSync(bytes, zlibOptions);
    default:
      throw new Error(`content encoding ${encoding} is not known`);
  }
}

/** Undoes `content-encoding`, the last one first. Null when that is not possible within the bounds. */
export function decodeAnswer(bytes: Uint8Array, contentEncoding: string | null): Uint8Array | null {
  if (contentEncoding === null || bytes.length === 0) return bytes;
  try {
    const encodings = contentEncoding.toLowerCase().split(",");
    return encodings.reduceRight((decoded, encoding) => decodeOne(encoding.trim(), decoded), bytes);
  } catch {
    return null;
  }
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** True when the first byte that is no white space is `{`, after a BOM too: no event stream begins so. */
export function isPlainJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return bytes[at] === 0x7b;
}

/** The text of a plain answer, without its BOM. */
export function plainText(bytes: Uint8Array): string {
  const text = utf8(bytes);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The text of an event stream, without its BOM; of a very long one its head and its tail. */
export function streamText(bytes: Uint8Array): string {
  if (bytes.length <= limits.accountBytesMax) return plainText(bytes);
  const tail = bytes.subarray(bytes.length - (limits.accountBytesMax - headShare));
  return `${plainText(bytes.subarray(0, headShare))}\n\n${utf8(tail)}`;
}
