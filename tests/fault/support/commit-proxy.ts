// A proxy before Postgres that loses what is said of a COMMIT: it breaks the connection either before the server has
// heard of it, or after the server has done it and before Loom has heard.
import { connect, createServer, type Socket } from "node:net";
import pg from "pg";

export type CommitProxy = {
  readonly url: string;
  /** Loses this share of the commits from now on, in percent. */
  lose(percent: number): void;
  /** Commits that were cut so far, by what had become of them. */
  readonly cut: { done: number; undone: number };
  close(): Promise<void>;
};

const commitMark = Buffer.from("COMMIT\0");
/** `C` and `COMMIT`: the server's word that it is done. */
const doneMark = Buffer.from("COMMIT\0");

export async function openCommitProxy(databaseUrl: string, next: () => number): Promise<CommitProxy> {
  const target = new pg.Client({ connectionString: databaseUrl });
  const sockets = new Set<Socket>();
  const cut = { done: 0, undone: 0 };
  let percent = 0;
  const server = createServer((near) => {
    const far = target.host.startsWith("/")
      ? connect(`${target.host}/.s.PGSQL.${target.port}`)
      : connect(target.port, target.host);
    let state: "passing" | "losing" = "passing";
    const breakBoth = (): void => {
      near.resetAndDestroy();
      far.destroy();
    };
    near.on("data", (bytes) => {
      if (state === "losing") return;
      // A transaction that ends; migrations and key look-ups have none of their own.
      if (next() % 100 < percent && bytes.includes(commitMark)) {
        if (next() % 2 === 0) {
          cut.undone += 1;
          breakBoth();
          return;
        }
        state = "losing";
      }
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (state === "passing") near.write(bytes);
      else if (bytes.includes(doneMark)) {
        cut.done += 1;
        breakBoth();
      }
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const login = `${encodeURIComponent(target.user ?? "")}:${encodeURIComponent(String(target.password ?? "x"))}`;
  return {
    url: `postgres://${login}@127.0.0.1:${port}/${target.database}`,
    lose: (share) => {
      percent = share;
    },
    cut,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
