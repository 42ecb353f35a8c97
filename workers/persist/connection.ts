// A lane's one connection to Postgres, and its transactions under a watchdog: a server that froze, or a network that
// swallows packets, raises no error by itself.
import { Socket } from "node:net";
import pg from "pg";
import { assumeRole, isCopyRefused, seeAllTenants } from "../../src/postgres/roles.js";
import type { CrashPoint } from "../../src/trace/lane-messages.js";

export class Connection {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  #state: "open" | "lost" = "open";
  #copying: "direct" | "staged" = "direct";

  readonly #reach: (point: CrashPoint) => void;

  private constructor(client: pg.Client, socket: Socket, reach: (point: CrashPoint) => void) {
    this.#client = client;
    this.#reach = reach;
    this.#socket = socket;
    // Without these listeners a server that goes away ends the process.
    client.on("error", () => this.close());
    client.on("end", () => this.close());
  }

  /** Throws what pg throws, or an Error after `timeoutMs` of silence. */
  static async open(
    url: string,
    applicationName: string,
    timeoutMs: number,
    reach: (point: CrashPoint) => void = () => {},
  ): Promise<Connection> {
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: url,
      application_name: applicationName,
      keepAlive: true,
      stream: () => socket,
    });
    const connection = new Connection(client, socket, reach);
    try {
      await connection.#watch(timeoutMs, connection.#becomeWriter());
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** False where row security applies to this connection: COPY into loom.traces is refused to it. */
  get mayCopy(): boolean {
    return this.#copying === "direct";
  }

  /** False once the connection broke, was closed, or did not answer in time. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** What a lane may not do, no mistake in a lane can do. */
  async #becomeWriter(): Promise<void> {
    const client = this.#client;
    await client.connect();
    await client.query(keepCommitsText);
    // A login without the role sees its own rows only when it asks for all, and RETURNING is such a look.
    if (!(await assumeRole(client, "loom_writer"))) await seeAllTenants(client);
    if (await isCopyRefused(client)) this.#copying = "staged";
  }

  /** One transaction. After an error of the server it is rolled back and the connection stays open. */
  async transact<T>(timeoutMs: number, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = this.#client;
    try {
      return await this.#watch(timeoutMs, inTransaction(client, work, this.#reach));
    } catch (error) {
      if (this.isOpen) {
        await this.#watch(timeoutMs, client.query("ROLLBACK")).catch(() => this.close());
      }
      throw error;
    }
  }

  /** At once, without goodbye: an open transaction is never committed by this. */
  close(): void {
    if (this.#state === "lost") return;
    this.#state = "lost";
    this.#socket.destroy();
  }

  /** The result of `work`, or an Error once the connection is lost or `timeoutMs` have passed. */
  #watch<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(watchdog);
        this.#socket.removeListener("close", onClose);
      };
      // pg does not always end its queries when the socket closes.
      const onClose = () => {
        settle();
        reject(new Error("the connection to the database broke"));
      };
      const watchdog = setTimeout(() => {
        settle();
        reject(new Error(`the database did not answer within ${timeoutMs} ms`));
        this.close();
      }, timeoutMs);
      this.#socket.once("close", onClose);
      work.then(resolve, reject).finally(settle);
    });
  }
}

/** A server that confirms commits before they are on its disk takes them back when it crashes: asked to wait, it waits. */
const keepCommitsText =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

async function inTransaction<T>(
  client: pg.Client,
  work: (client: pg.Client) => Promise<T>,
  reach: (point: CrashPoint) => void,
): Promise<T> {
  await client.query("BEGIN");
  const result = await work(client);
  reach("after_copy");
  const commit = client.query("COMMIT");
  reach("before_commit_ack");
  await commit;
  reach("after_commit");
  return result;
}
