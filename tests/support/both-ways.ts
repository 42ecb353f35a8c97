// Runs one call of a client twice, directly at the provider and through Loom, and tells in what the two differ: the
// client's result, the bytes that it got, and the bytes that the provider got.
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { MockProvider } from "../../mock/mock-provider.js";

type Answer = { readonly status: number; readonly type: string | null; readonly body: string };

export type Fetch = typeof globalThis.fetch;

/** What a call left behind. `error`: how the client words a failure. */
export type Outcome = {
  readonly result: unknown;
  readonly error: string | null;
  readonly answers: readonly Answer[];
  readonly requests: readonly string[];
};

const boundaryPattern = /boundary=(?:"([^"]+)"|([^\s;]+))/;

/** A form's boundary is another one in each call. */
function describeRequest({ method, path, headers, body }: MockProvider["received"][number]): string {
  const type = String(headers["content-type"] ?? "");
  const boundary = boundaryPattern.exec(type)?.slice(1).find(Boolean);
  const text = body.toString("latin1");
  if (boundary === undefined) return `${method} ${path} ${type}\n${text}`;
  return `${method} ${path} multipart\n${printable(Buffer.from(text.replaceAll(boundary, "BOUNDARY"), "latin1"))}`;
}

/** Through JSON, so that classes and getters of clients do not matter. */
function plainOf(value: unknown): unknown {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as unknown);
}

/** Text as it is; of other bytes what a failure can show. */
function printable(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (isUtf8(bytes) && !text.includes("\0")) return text;
  return `${bytes.length} bytes, SHA-256 ${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A fetch that keeps what it got; its bytes are compared, not only what a client made of them. */
function listeningFetch(pending: Promise<Answer>[]): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    // The client tries with a `data:` URL whether its fetch can send forms.
    if (typeof input === "string" && input.startsWith("data:")) return response;
    const copy = response.clone();
    const { status } = response;
    const answer = copy.arrayBuffer().then(
      (bytes) => ({ status, type: copy.headers.get("content-type"), body: printable(Buffer.from(bytes)) }),
      () => ({ status, type: copy.headers.get("content-type"), body: "broke off" }),
    );
    pending.push(answer);
    return response;
  };
}

/** Runs `call` with a client made with the given fetch. */
export async function observe(mock: MockProvider, call: (fetch: Fetch) => Promise<unknown>): Promise<Outcome> {
  const pending: Promise<Answer>[] = [];
  const before = mock.received.length;
  let result: unknown = null;
  let error: string | null = null;
  try {
    result = plainOf(await call(listeningFetch(pending)));
  } catch (thrown) {
    const { name, status } = thrown as { name?: string; status?: number; statusCode?: number };
    error = `${name} ${status ?? (thrown as { statusCode?: number }).statusCode ?? ""} ${(thrown as Error).message}`;
  }
  const answers = await Promise.all(pending);
  return { result, error, answers, requests: mock.received.slice(before).map(describeRequest) };
}

/** Reads all of a stream. */
export async function collect<T>(stream: AsyncIterable<T> | Promise<AsyncIterable<T>>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of await stream) parts.push(part);
  return parts;
}

/** The bytes of a body as base64. */
export async function bytesOf(response: Response | Promise<Response>): Promise<string> {
  return Buffer.from(await (await response).arrayBuffer()).toString("base64");
}
