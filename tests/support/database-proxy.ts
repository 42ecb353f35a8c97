// A TCP proxy before the test database that can be taken away, brought back, frozen, or made slow: the ways in which a
// server leaves that no statement can cause.
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

export type DatabaseProxy = {
  /** The database's URL through the proxy. */
  readonly url: string;
  /** Breaks all connections and refuses new ones. */
  away(): Promise<void>;
  back(): Promise<void>;
  /** From now on swallows every byte in both directions, without closing anything. */
  freeze(): void;
  /** Breaks what was frozen and passes bytes again for new connections. */
  thaw(): void;
  /** From now on each piece that Loom sends waits this long, in ms: a statement takes as much more. 0: none. */
  slow(delayMs: () => number): void;
  /** Pieces that have waited so far. */
  readonly slowed: { pieces: number };
  close(): Promise<void>;
};

export async function openDatabaseProxy(databaseUrl: string, start: "open" | "away" = "open"): Promise<DatabaseProxy> {
  const target = new pg.Client({ connectionString: databaseUrl });
  const sockets = new Set<Socket>();
  const slowed = { pieces: 0 };
  let isFrozen = false;
  let delayMs = () => 0;
  const server: Server = createServer((near) => {
    const far = target.host.startsWith("/")
      ? connect(`${target.host}/.s.PGSQL.${target.port}`)
      : connect(target.port, target.host);
    // One after the other, whatever the delays: bytes never overtake one another.
    let passing = Promise.resolve();
    near.on("data", (bytes) => {
      const waitMs = delayMs();
      const dueAtMs = performance.now() + waitMs;
      if (waitMs > 0) slowed.pieces += 1;
      passing = passing.then(async () => {
        const leftMs = dueAtMs - performance.now();
        if (waitMs > 0 && leftMs > 0) await sleep(leftMs);
        if (!isFrozen && !far.destroyed) far.write(bytes);
      });
    });
    far.on("data", (bytes) => !isFrozen && near.write(bytes));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        if (!isFrozen) other.destroy();
      });
    }
  });
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const away = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      breakAll();
    });
  const port = await listen(0);
  if (start === "away") await away();
  const login = `${encodeURIComponent(target.user ?? "")}:${encodeURIComponent(String(target.password ?? "x"))}`;
  return {
    url: `postgres://${login}@127.0.0.1:${port}/${target.database}`,
    away,
    back: async () => void (await listen(port)),
    freeze: () => {
      isFrozen = true;
    },
    thaw: () => {
      breakAll();
      isFrozen = false;
    },
    slow: (wait) => {
      delayMs = wait;
    },
    slowed,
    close: async () => {
      breakAll();
      if (server.listening) await away();
    },
  };
}
