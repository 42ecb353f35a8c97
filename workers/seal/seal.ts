// Seals bodies: compress, then AES-256-GCM under the tenant's key of the day. The only writer of ciphertext;
// plaintext goes nowhere else.
import { type CipherGCM, randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { constants, deflateRaw, deflateRawSync } from "node:zlib";
import { limits } from "../../src/limits.js";
import { closeGcm, startGcm } from "./aes-gcm.js";
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

type OpenedCipher = { readonly cipher: CipherGCM; readonly iv: Buffer };

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
    const keyVersion = this.#ring.newest;
    return {
      keyVersion,
      codec,
      request: this.sealBody(subject, "request_body", codec, pack(request), keyVersion),
      response: this.sealBody(subject, "response_body", codec, pack(response), keyVersion),
    };
  }

  /** As sealBodies, for large bodies: other exchanges get their turn in between. */
  async sealLargeBodies(subject: SealSubject, request: Uint8Array, response: Uint8Array): Promise<SealedBodies> {
    const codec = "deflate";
    // Both under one version, although the newest may change while the pieces wait for their turn.
    const keyVersion = this.#ring.newest;
    const seal = async (column: SealedColumn, plain: Uint8Array): Promise<SealedBody> => {
      const packed = await deflateAside(plain, deflateOptions);
      return this.#sealInPieces(this.#open(subject, column, codec, keyVersion), packed);
    };
    const requestBody = await seal("request_body", request);
    return { keyVersion, codec, request: requestBody, response: await seal("response_body", response) };
  }

  /** Seals bytes that are already packed as `codec` says, under the newest key unless `keyVersion` names another. */
  sealBody(
    subject: SealSubject,
    column: SealedColumn,
    codec: BodyCodec,
    packed: Uint8Array,
    keyVersion = this.#ring.newest,
  ): SealedBody {
    const { cipher, iv } = this.#open(subject, column, codec, keyVersion);
    return { iv, sealed: closeGcm(cipher, [cipher.update(packed)]) };
  }

  async #sealInPieces({ cipher, iv }: OpenedCipher, packed: Uint8Array): Promise<SealedBody> {
    const pieces: Buffer[] = [];
    for (let at = 0; at < packed.length; at += limits.sealInPiecesBytesMin) {
      pieces.push(cipher.update(packed.subarray(at, at + limits.sealInPiecesBytesMin)));
      await nextTurn();
    }
    return { iv, sealed: closeGcm(cipher, pieces) };
  }

  #open(subject: SealSubject, column: SealedColumn, codec: BodyCodec, keyVersion: number): OpenedCipher {
    const { tenantId, keySalt, createdAtMs, id } = subject;
    const key = this.#ring.bodyKey(keyVersion, { tenantId, keySalt, createdAtMs, nodeId: this.#nodeId });
    const iv = this.#nextNonce();
    return { cipher: startGcm(key, iv, this.#binding.write({ tenantId, id, column, codec, keyVersion })), iv };
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
