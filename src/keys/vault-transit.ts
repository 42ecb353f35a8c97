// The client of HashiCorp Vault's transit engine (and of OpenBao's, which speaks the same): the four calls that
// wrapping keys takes. https://developer.hashicorp.com/vault/api-docs/secret/transit has the wire format.
// On node:http, since undici's only home is forward/: these few calls at a start need no pool.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { text as readText } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { VaultSettings } from "../config/config.js";
import { readSecretText } from "./secret-file.js";

export type VaultTransit = {
  /** Wraps bytes (base64); the answer is text such as `vault:v1:...`. */
  encrypt(plaintext: string): Promise<string>;
  /** The bytes of a wrapped text, base64. */
  decrypt(ciphertext: string): Promise<string>;
  /** 32 new bytes (base64) and the same wrapped. */
  makeDataKey(): Promise<{ readonly plaintext: string; readonly ciphertext: string }>;
  /** The same bytes, wrapped under the newest version of Vault's key; they do not leave Vault. */
  rewrap(ciphertext: string): Promise<string>;
};

const timeoutMs = 5000;
const answerBytesMax = 1024 * 1024;
/** Pauses before further tries when Vault is away, sealed, or electing a leader. */
const retryPausesMs = [200, 800] as const;

const encrypted = z.object({ data: z.object({ ciphertext: z.string().startsWith("vault:") }) });
const decrypted = z.object({ data: z.object({ plaintext: z.base64() }) });
const dataKey = z.object({ data: z.object({ ciphertext: z.string().startsWith("vault:"), plaintext: z.base64() }) });
const refused = z.object({ errors: z.array(z.string()) });

/** Every call rejects with an Error that says what is wrong and what to do, and never repeats token or key. */
export function openVaultTransit(settings: VaultSettings): VaultTransit {
  const call = async <Answer>(path: string, body: object, shape: z.ZodType<Answer>): Promise<Answer> => {
    const answer = await callVault(settings, path, body);
    const parsed = shape.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new Error(`Vault at ${settings.address} answered something that its transit engine does not answer.`);
  };
  const { key } = settings;
  return {
    encrypt: async (plaintext) => (await call(`encrypt/${key}`, { plaintext }, encrypted)).data.ciphertext,
    decrypt: async (ciphertext) => (await call(`decrypt/${key}`, { ciphertext }, decrypted)).data.plaintext,
    makeDataKey: async () => (await call(`datakey/plaintext/${key}`, { bits: 256 }, dataKey)).data,
    rewrap: async (ciphertext) => (await call(`rewrap/${key}`, { ciphertext }, encrypted)).data.ciphertext,
  };
}

async function callVault(settings: VaultSettings, path: string, body: object): Promise<unknown> {
  for (let tried = 0; ; tried += 1) {
    const pauseMs = retryPausesMs[tried];
    try {
      const { status, text } = await post(settings, path, JSON.stringify(body));
      if (status < 300) return JSON.parse(text);
      if (status < 500 || pauseMs === undefined) throw refusalOf(settings, path, status, text);
    } catch (error) {
      if (error instanceof VaultRefusal) throw error;
      if (pauseMs === undefined) {
        const fix = "Check keys.vault.address and that Vault runs; without it the master keys stay wrapped.";
        throw new Error(`Vault at ${settings.address} cannot be reached. ${fix}`, { cause: error });
      }
    }
    await sleep(pauseMs);
  }
}

class VaultRefusal extends Error {}

function refusalOf({ address, mount, key }: VaultSettings, path: string, status: number, text: string): VaultRefusal {
  const said = errorsOf(text).join("; ");
  const what = `Vault at ${address} refused ${mount}/${path.split("/")[0]} (${status}${said === "" ? "" : `: ${said}`}).`;
  const fixes: Readonly<Record<number, string>> = {
    307: "It is a standby that redirects: point keys.vault.address at the active node or the load balancer.",
    400: `Is there a transit key "${key}", and were these keys wrapped by it?`,
    403: `The token is not valid any more, or its policy does not allow "update" on ${mount}/${path}.`,
    404: `Is the transit engine mounted at "${mount}"?`,
    503: "It is sealed: unseal it.",
  };
  return new VaultRefusal(`${what} ${fixes[status] ?? ""}`.trim());
}

function errorsOf(text: string): readonly string[] {
  try {
    return refused.parse(JSON.parse(text)).errors.map((error) => error.replaceAll(/\s+/g, " ").slice(0, 200));
  } catch {
    return [];
  }
}

function post(settings: VaultSettings, path: string, body: string): Promise<{ status: number; text: string }> {
  const url = new URL(`${settings.address.replace(/\/$/, "")}/v1/${settings.mount}/${path}`);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-vault-request": "true",
    "x-vault-token": readToken(settings),
    ...(settings.namespace === null ? {} : { "x-vault-namespace": settings.namespace }),
  };
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const sent = request(url, { method: "POST", headers, agent: false, signal }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) response.destroy(new Error("the answer is too long"));
      });
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Read anew for each call: an agent beside Loom replaces the file when the token is renewed. */
function readToken({ token, tokenFile }: VaultSettings): string {
  if (token !== null) return token.reveal();
  const text = tokenFile === null ? null : readSecretText(tokenFile);
  if (text === null || text === "")
    throw new VaultRefusal(`${tokenFile ?? "keys.vault.tokenFile"} holds no token for Vault.`);
  return text;
}
