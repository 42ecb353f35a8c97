// A TCP proxy before the test database that can be taken away, brought back, or frozen: the ways in which a server
// leaves that no statement can cause.
import { connect, createServer, type Server, type Socket } from "node:net";
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
  close(): Promise<void>;
};

export async function openDatabaseProxy(databaseUrl: string, start: "open" | "away" = "open"): Promise<DatabaseProxy> {
  const target = new pg.Client({ connectionString: databaseUrl });
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server: Server = createServer((near) => {
    const far = target.host.startsWith("/")
      ? connect(`${target.host}/.s.PGSQL.${target.port}`)
      : connect(target.port, target.host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("data", (bytes) => !isFrozen && other.write(bytes));
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
    close: async () => {
      breakAll();
      if (server.listening) await away();
    },
  };
}
