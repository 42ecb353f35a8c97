// A provider that answers only who brings one key: it sees what reaches it from a gateway that could not open that key.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type KeyProvider = {
  /** A base URL, such as `http://127.0.0.1:41234/v1`. */
  readonly url: string;
  /** How many requests came without the key. */
  readonly denied: number;
  close(): void;
};

export async function startKeyProvider(key: string): Promise<KeyProvider> {
  let denied = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const isTheirs = request.headers.authorization === `Bearer ${key}`;
      if (!isTheirs) denied += 1;
      const message = { role: "assistant", content: "from their own provider" };
      const body = { id: "c", object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }] };
      response.writeHead(isTheirs ? 200 : 401, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get denied() {
      return denied;
    },
    close: () => void server.close(),
  };
}
