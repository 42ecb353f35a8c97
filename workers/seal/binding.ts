// What a ciphertext is bound to: the additional data of AES-256-GCM, in one canonical encoding. A body that was
// moved to another tenant, row or column, or whose codec or key version was changed, does not open.
import { writeUuid } from "../uuid-bytes.js";

/** How the plaintext was packed before it was sealed: `traces.body_codec`. */
export type BodyCodec = "identity" | "deflate";

/** `row` is a whole row set aside in dead_traces. */
export type SealedColumn = "request_body" | "response_body" | "row";

export type Binding = {
  readonly tenantId: string;
  /** The row's id. */
  readonly id: string;
  readonly column: SealedColumn;
  readonly codec: BodyCodec;
  readonly keyVersion: number;
};

/** Bytes of a nonce and of a tag: NIST SP 800-38D's recommended and largest. */
export const ivBytes = 12;
export const tagBytes = 16;

const formatVersion = 1;
const tenantAt = 1 + 1 + 1;
const idAt = tenantAt + 16 + 1;
const versionAt = idAt + 16 + 1;
const textAt = versionAt + 4;

/**
 * Writes bindings into one buffer of its own, which each call overwrites: hand the result to setAAD at once.
 *
 * Every field has its length before it (u8):
 * format version (1 byte) | tenant id (16) | row id (16) | key version (u32be) | column | codec
 */
export class BindingWriter {
  readonly #bytes = Buffer.alloc(128);

  constructor() {
    this.#bytes.set([1, formatVersion, 16]);
    this.#bytes[idAt - 1] = 16;
    this.#bytes[versionAt - 1] = 4;
  }

  write(binding: Binding): Buffer {
    const bytes = this.#bytes;
    writeUuid(bytes, tenantAt, binding.tenantId);
    writeUuid(bytes, idAt, binding.id);
    bytes.writeUInt32BE(binding.keyVersion, versionAt);
    let at = textAt;
    for (const text of [binding.column, binding.codec]) {
      bytes[at] = text.length;
      at += 1 + bytes.write(text, at + 1, "latin1");
    }
    return bytes.subarray(0, at);
  }
}
