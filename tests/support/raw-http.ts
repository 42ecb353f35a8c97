// Bytes on a socket, for requests that no HTTP client would send.
import { connect } from "node:net";

export type RawAnswer = {
  /** Everything that came back, as Latin-1 text. */
  readonly text: string;
  /** Whether the server closed the connection within the wait. */
  readonly closed: boolean;
};

/** Sends the pieces one after the other (each in a segment of its own) and reads until `waitMs` after the last byte. */
export function sendRaw(url: string, pieces: readonly string[], waitMs = 400): Promise<RawAnswer> {
  const { port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    let closed = false;
    let timer: NodeJS.Timeout | undefined;
    const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(finish, waitMs);
    };
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      wait();
    });
    socket.on("end", () => {
      closed = true;
      finish();
    });
    socket.on("error", () => {
      closed = true;
      finish();
    });
    socket.on("connect", () => {
      void (async () => {
        for (const piece of pieces) {
          if (socket.destroyed) return;
          socket.write(Buffer.from(piece, "latin1"));
          await new Promise((next) => setTimeout(next, 15));
        }
        wait();
      })();
    });
  });
}
