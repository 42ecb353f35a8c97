// Seals bodies: compress, then AES-256-GCM under the tenant's key of the day. The only writer of ciphertext;
// plaintext goes nowhere else.
import { createCipheriv, randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { constants, deflateRaw, deflateRawSync } from "node:zlib";
import { limits } from "../../src/limits.js";
import { BindingWriter, type BodyCodec, ivBytes, type SealedColumn } from "./binding.js";
import type { BodyKeyName, KeyRing } from "./key-ring.js";

/** The row that a body belongs to. */
export type SealSubject = Omit<BodyKeyName, "nodeId"> & { readonly id: string };

/** `sealed` is the ciphertext with its 16-byte tag appended. */
export type SealedBody = { readonly iv: Buffer; readonly sealed: Buffer };

export type SealedBodies = {
  readonly keyVersion: number;
  readonly codec: BodyCodec;
  readonly request: SealedBody;
  readonly response: SealedBody;
};

/** Level 1 costs 13 µs for 4 KB; level 6 costs twice as much for the same size on JSON. */
const deflateOptions = { level: constants.Z_BEST_SPEED };
const deflateAside = promisify<Uint8Array, object, Buffer>(deflateRaw);
const noncesPerPool = 512;

/** One codec for both bodies of a trace: small ones are not worth the time. */
function chooseCodec(request: Uint8Array, response: Uint8Array): BodyCodec {
  return request.length + response.length >= limits.compressBytesMin ? "deflate" : "identity";
}

export class Sealer {
  readonly #ring: KeyRing;
  readonly #nodeId: string;
  readonly #binding = new BindingWriter();
  #nonces = Buffer.alloc(0);
  #nonceAt = 0;

  constructor(ring: KeyRing, nodeId: string) {
    this.#ring = ring;
    this.#nodeId = nodeId;
  }

  /** Seals both bodies in this turn. Throws an Error when the tenant's key cannot be derived. */
  sealBodies(subject: SealSubject, request: Uint8Array, response: Uint8Array): SealedBodies {
    const codec = chooseCodec(request, response);
    const pack = (plain: Uint8Array): Uint8Array =>
      codec === "deflate" ? deflateRawSync(plain, deflateOptions) : plain;
    return {
      keyVersion: this.#ring.newest,
      codec,
      request: this.sealBody(subject, "request_body", codec, pack(request)),
      response: this.sealBody(subject, "response_body", codec, pack(response)),
    };
  }

  /** As sealBodies, for large bodies: other exchanges get their turn in between. */
  async sealLargeBodies(subject: SealSubject, request: Uint8Array, response: Uint8Array): Promise<SealedBodies> {
    const codec = "deflate";
    return {
      keyVersion: this.#ring.newest,
      codec,
      request: await this.#sealInPieces(subject, "request_body", codec, await deflateAside(request, deflateOptions)),
      response: await this.#sealInPieces(subject, "response_body", codec, await deflateAside(response, deflateOptions)),
    };
  }

  /** Seals bytes that are already packed as `codec` says. */
  sealBody(subject: SealSubject, column: SealedColumn, codec: BodyCodec, packed: Uint8Array): SealedBody {
    const { cipher, iv } = this.#open(subject, column, codec);
    const ciphertext = cipher.update(packed);
    cipher.final();
    return { iv, sealed: Buffer.concat([ciphertext, cipher.getAuthTag()]) };
  }

  async #sealInPieces(
    subject: SealSubject,
    column: SealedColumn,
    codec: BodyCodec,
    packed: Uint8Array,
  ): Promise<SealedBody> {
    const { cipher, iv } = this.#open(subject, column, codec);
    const pieces: Buffer[] = [];
    for (let at = 0; at < packed.length; at += limits.sealInPiecesBytesMin) {
      pieces.push(cipher.update(packed.subarray(at, at + limits.sealInPiecesBytesMin)));
      await nextTurn();
    }
    cipher.final();
    return { iv, sealed: Buffer.concat([...pieces, cipher.getAuthTag()]) };
  }

  #open(subject: SealSubject, column: SealedColumn, codec: BodyCodec) {
    const keyVersion = this.#ring.newest;
    const { tenantId, keySalt, createdAtMs, id } = subject;
    const key = this.#ring.bodyKey(keyVersion, { tenantId, keySalt, createdAtMs, nodeId: this.#nodeId });
    const iv = this.#nextNonce();
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    cipher.setAAD(this.#binding.write({ tenantId, id, column, codec, keyVersion }));
    return { cipher, iv };
  }

  /** A random nonce. Pools are never refilled in place: rows keep views into them until they are copied. */
  #nextNonce(): Buffer {
    if (this.#nonceAt === this.#nonces.length) {
      this.#nonces = randomBytes(noncesPerPool * ivBytes);
      this.#nonceAt = 0;
    }
    this.#nonceAt += ivBytes;
    return this.#nonces.subarray(this.#nonceAt - ivBytes, this.#nonceAt);
  }
}
