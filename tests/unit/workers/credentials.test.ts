import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openCredential, resealCredential, sealCredential } from "../../../workers/credentials.js";

const key = (version: number) => `${version}:${Buffer.alloc(32, version).toString("base64")}`;
const subject = {
  masterKeys: key(1),
  tenantId: randomUUID(),
  keySalt: Buffer.alloc(16, 3).toString("base64"),
  provider: "openai",
  baseUrl: "https://api.openai.com/v1",
};

describe("a provider credential", () => {
  const sealed = sealCredential({ ...subject, credential: "sk-live-ünï" });

  it("opens for the tenant, provider and base URL it was saved with, also from a ring with a newer key", () => {
    expect(openCredential({ ...subject, sealed })).toBe("sk-live-ünï");
    expect(openCredential({ ...subject, masterKeys: `${key(2)},${key(1)}`, sealed })).toBe("sk-live-ünï");
  });

  it("lies in a buffer of its own, in its format, without a word of plaintext", () => {
    expect(sealed.buffer.byteLength).toBe(sealed.byteLength);
    expect([...sealed.subarray(0, 5)]).toEqual([1, 0, 0, 0, 1]);
    expect(Buffer.from(sealed).includes("sk-live")).toBe(false);
  });

  it("does not open for anything else, and says nothing of why", () => {
    const inputs = [
      { ...subject, baseUrl: "https://api.openai.com/v1/" },
      { ...subject, baseUrl: "https://evil.example/v1" },
      { ...subject, provider: "openai2" },
      { ...subject, provider: "openaih", baseUrl: "ttps://api.openai.com/v1" },
      { ...subject, tenantId: randomUUID() },
      { ...subject, keySalt: Buffer.alloc(16, 4).toString("base64") },
      { ...subject, masterKeys: key(2) },
      { ...subject, masterKeys: "nonsense" },
    ];
    for (const input of inputs) {
      expect(() => openCredential({ ...input, sealed })).toThrow(
        /^the provider credential cannot be opened: wrong keys/,
      );
    }
  });

  it("does not open after any byte was changed or cut", () => {
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => openCredential({ ...subject, sealed: changed })).toThrow("cannot be opened");
      expect(() => openCredential({ ...subject, sealed: sealed.slice(0, at) })).toThrow("cannot be opened");
    }
  });

  it("is sealed again under a newer key once, and opens with that key alone", () => {
    const masterKeys = `${key(2)},${key(1)}`;
    const again = resealCredential({ ...subject, masterKeys, sealed });
    expect(openCredential({ ...subject, masterKeys: key(2), sealed: again ?? sealed })).toBe("sk-live-ünï");
    expect(resealCredential({ ...subject, masterKeys, sealed: again ?? sealed })).toBeNull();
    expect(() => resealCredential({ ...subject, masterKeys: key(2), sealed })).toThrow(/cannot be opened/);
  });
});
