// A local server that speaks the wire format of Vault's transit engine, with real encryption behind it: what Loom
// sends and gets is what a Vault would take and give. It can be sealed, deny a token, rotate its key, and go away.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";

export type VaultServer = {
  readonly address: string;
  readonly token: string;
  /** Path and body of every request so far. */
  readonly requests: {
    readonly path: string;
    readonly token: string;
    readonly namespace: string;
    readonly body: object;
  }[];
  /** What the next requests meet. */
  state: "active" | "sealed" | "standby" | "broken";
  /** Makes a new version of the transit key, which encrypts from now on. */
  rotate(): void;
  close(): Promise<void>;
};

type Answer = { readonly status: number; readonly body: object };

class VaultError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The transit engine mounted at `mount`, with one key of that name. */
class Transit {
  readonly #mount: string;
  readonly #key: string;
  readonly versions = [randomBytes(32)];

  constructor(mount: string, key: string) {
    this.#mount = mount;
    this.#key = key;
  }

  answer(path: string, body: Readonly<Record<string, unknown>>): object {
    const prefix = `/v1/${this.#mount}/`;
    if (!path.startsWith(prefix))
      throw new VaultError(404, `no handler for route "${path.slice(4)}". route entry not found.`);
    const [call, ...rest] = path.slice(prefix.length).split("/");
    if (rest.at(-1) !== this.#key) throw new VaultError(400, "encryption key not found");
    const keyVersion = this.versions.length;
    const wrapped = (plaintext: Buffer) => ({ ciphertext: this.#encrypt(plaintext), key_version: keyVersion });
    switch (call) {
      case "encrypt":
        return wrapped(Buffer.from(String(body["plaintext"]), "base64"));
      case "decrypt":
        return { plaintext: this.#decrypt(String(body["ciphertext"])).toString("base64") };
      case "rewrap":
        return wrapped(this.#decrypt(String(body["ciphertext"])));
      case "datakey": {
        if (rest[0] !== "plaintext") throw new VaultError(400, "Invalid path, must be 'plaintext' or 'wrapped'");
        const bytes = randomBytes(Number(body["bits"] ?? 256) / 8);
        return { ...wrapped(bytes), plaintext: bytes.toString("base64") };
      }
      default:
        throw new VaultError(404, "unsupported path");
    }
  }

  #encrypt(plaintext: Buffer): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.versions.at(-1) ?? randomBytes(32), iv);
    const sealed = Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return `vault:v${this.versions.length}:${sealed.toString("base64")}`;
  }

  #decrypt(ciphertext: string): Buffer {
    const match = /^vault:v(\d+):(.+)$/.exec(ciphertext);
    if (match === null) throw new VaultError(400, "invalid ciphertext: no prefix");
    const key = this.versions[Number(match[1]) - 1];
    const sealed = Buffer.from(match[2] ?? "", "base64");
    if (key === undefined) throw new VaultError(400, "invalid ciphertext: version is too new");
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      throw new VaultError(400, "invalid ciphertext: unable to decrypt");
    }
  }
}

const standing: Readonly<Record<Exclude<VaultServer["state"], "active">, Answer>> = {
  sealed: { status: 503, body: { errors: ["Vault is sealed"] } },
  standby: { status: 307, body: {} },
  broken: { status: 200, body: { data: { surprise: true } } },
};

export async function startVaultServer(mount = "transit", key = "loom"): Promise<VaultServer> {
  const transit = new Transit(mount, key);
  const token = `hvs.${randomBytes(12).toString("hex")}`;
  const requests: VaultServer["requests"] = [];
  const server = createServer((request, response) => {
    void answer(request).then((made) => send(response, made));
  });
  const vault: VaultServer = {
    get address() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    token,
    requests,
    state: "active",
    rotate: () => void transit.versions.push(randomBytes(32)),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  async function answer(request: IncomingMessage): Promise<Answer> {
    const body = JSON.parse((await readText(request)) || "{}") as Record<string, unknown>;
    const header = (name: string) => String(request.headers[name] ?? "");
    const given = header("x-vault-token");
    requests.push({ path: request.url ?? "", token: given, namespace: header("x-vault-namespace"), body });
    if (vault.state !== "active") return standing[vault.state];
    try {
      if (request.method !== "POST" && request.method !== "PUT") throw new VaultError(405, "unsupported operation");
      if (given !== token) throw new VaultError(403, "permission denied");
      return { status: 200, body: { request_id: "r", lease_id: "", data: transit.answer(request.url ?? "", body) } };
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return { status: error.status, body: { errors: [error.message] } };
    }
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return vault;
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
