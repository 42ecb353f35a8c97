import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { isSignedCheckpoint, readCheckpoint, signCheckpoint } from "../../../../workers/ledger/checkpoint.js";
import {
  keyIdOf,
  openPlainVerifier,
  openSigner,
  openVerifier,
  readPublicKeys,
} from "../../../../workers/ledger/sign.js";
import { Trust } from "../../../../workers/ledger/trust.js";
import { fromHex, readWycheproof } from "../../../support/vectors.js";

function pair() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    signer: openSigner(String(privateKey.export({ format: "pem", type: "pkcs8" }))),
    pem: String(publicKey.export({ format: "pem", type: "spki" })),
  };
}

const { signer, pem } = pair();
const other = pair();
const message = Buffer.from("what is signed");

it("a signature holds for its message, its kind and its key only", () => {
  const [key] = readPublicKeys(`${pem}${other.pem}`);
  expect(key).toEqual(signer.publicKey);
  expect(signer.keyId).toBe(keyIdOf(signer.publicKey));
  const verify = openVerifier(signer.publicKey);
  const signature = signer.sign("window", message);
  expect(verify("window", message, signature)).toBe(true);
  expect(verify("checkpoint", message, signature)).toBe(false);
  expect(verify("window", Buffer.from("something else"), signature)).toBe(false);
  expect(openVerifier(other.signer.publicKey)("window", message, signature)).toBe(false);
});

it("Ed25519 takes and refuses what Project Wycheproof says", () => {
  const vectors = readWycheproof<"publicKey" | "msg" | "sig">("wycheproof-ed25519");
  const results = { valid: 0, invalid: 0 };
  for (const { tcId, publicKey, msg, sig, result } of vectors) {
    const isSigned = openPlainVerifier(fromHex(publicKey))(fromHex(msg), fromHex(sig));
    expect(isSigned ? "valid" : "invalid", `tcId ${tcId}`).toBe(result);
    results[isSigned ? "valid" : "invalid"] += 1;
  }
  expect(results.valid).toBeGreaterThan(80);
  expect(results.invalid).toBeGreaterThan(50);
});

it("a key of another kind is refused", () => {
  const { privateKey } = generateKeyPairSync("x25519");
  expect(() => openSigner(String(privateKey.export({ format: "pem", type: "pkcs8" })))).toThrow(/Ed25519/);
  expect(readPublicKeys("nothing here")).toEqual([]);
});

it("who is trusted is told apart from who has signed", () => {
  const signed = { keyId: signer.keyId, signature: signer.sign("window", message) };
  const trust = new Trust([signer.publicKey]);
  expect(trust.check("window", message, signed)).toBe("good");
  expect(trust.check("window", Buffer.of(), signed)).toBe("wrong");
  const others = new Trust([other.signer.publicKey]);
  expect(others.check("window", message, signed)).toBe("untrusted");
  expect(others.note(signer.keyId, signer.publicKey)).toBe(true);
  expect(others.check("window", message, signed)).toBe("untrusted");
  expect(others.note(signer.keyId, other.signer.publicKey)).toBe(false);
  const nobody = new Trust([]);
  expect(nobody.check("window", message, signed)).toBe("unknown");
  nobody.note(signer.keyId, signer.publicKey);
  expect(nobody.check("window", message, signed)).toBe("good");
  expect(nobody.check("window", Buffer.of(), signed)).toBe("wrong");
});

it("a checkpoint is read out of a log line, and holds for what it says only", () => {
  const checkpoint = signCheckpoint(signer, {
    chain: "n/b/0",
    number: 3,
    hash: Buffer.alloc(32, 7),
    atMs: 1_800_000_000_000,
  });
  const line = JSON.stringify({ level: "info", msg: "ledger_checkpoint", ...checkpoint });
  expect(readCheckpoint(line)).toEqual(checkpoint);
  const verify = openVerifier(signer.publicKey);
  expect(isSignedCheckpoint(checkpoint, verify)).toBe(true);
  for (const change of [
    { chain: "n/b/1" },
    { number: 4 },
    { hash: "00".repeat(32) },
    { at: "2027-01-01T00:00:00.000Z" },
  ]) {
    expect(isSignedCheckpoint({ ...checkpoint, ...change }, verify)).toBe(false);
  }
  for (const none of [
    "",
    "x",
    "null",
    "{}",
    '{"chain":"c","number":1.5,"hash":"","at":"","keyId":"","signature":""}',
  ]) {
    expect(readCheckpoint(none)).toBeNull();
  }
});
