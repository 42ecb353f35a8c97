// The front end: takes connections, turns each request into an Exchange, and hands it to the gateway. This
// folder is the only one that knows uWebSockets.js.
import type { HttpRequest, HttpResponse, us_listen_socket } from "uWebSockets.js";
import { errorBody } from "../errors/error-reply.js";
import { LoomError } from "../errors/loom-error.js";
import { checkHead, HeadReader, type HeadRules } from "./check-head.js";
import type { Exchange, Reply } from "./exchange.js";
import type { FrontEnd } from "./native-addon.js";
import { readBody } from "./read-body.js";
import { UwsReply } from "./reply.js";

// From uSockets' libusockets.h; the addon exports it as a number. Without it a second process on the same port
// would silently take half of the connections.
const exclusivePort = 1;

export type ListenOptions = HeadRules & {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Called for every request that arrived whole. It must not throw. */
  readonly onExchange: (exchange: Exchange) => void;
  /** Called for every request refused here, before any tenant is known. */
  readonly onRefused: (error: LoomError, path: string) => void;
};

export type Listener = {
  readonly port: number;
  /** Exchanges whose reply has not ended. */
  readonly open: number;
  /** Stops taking connections; open exchanges go on, and each closes its connection at its end. */
  stop(): void;
  /** Breaks every connection. */
  close(): void;
};

type Listening = { state: "listening" | "stopping"; open: number };

function refuse(reply: Reply, error: LoomError): void {
  const headers: [string, string][] = [["content-type", "application/json"]];
  if (error.code === "method_not_allowed") headers.push(["allow", "GET, POST"]);
  reply.send(error.status, headers, errorBody(error));
}

function takeRequest(res: HttpResponse, req: HttpRequest, options: ListenOptions, listening: Listening): void {
  const receivedAtMs = performance.now();
  const createdAtMs = Date.now();
  const method = req.getCaseSensitiveMethod();
  // A refused or chunked request leaves a connection whose position in the byte stream cannot be trusted.
  let trusted = true;
  listening.open += 1;
  const reply = new UwsReply(
    res,
    method === "HEAD",
    () => !trusted || listening.state === "stopping",
    () => {
      listening.open -= 1;
    },
  );
  const path = req.getUrl();
  const query = req.getQuery() ?? "";
  const reader = new HeadReader();
  req.forEach((name, value) => reader.add(name, value));
  const fail = (error: unknown): void => {
    trusted = false;
    const loomError = error instanceof LoomError ? error : new LoomError("internal_error", { cause: error });
    options.onRefused(loomError, path);
    refuse(reply, loomError);
  };
  const { headers, repeated, headerCount } = reader;
  try {
    const framing = checkHead({ method, path, query, headers, repeated, headerCount }, options);
    if (framing === "chunked") trusted = false;
    readBody(
      res,
      framing,
      options.bodyBytesMax,
      (body) => {
        if (reply.state !== "open") return;
        options.onExchange({ method, path, query, headers, receivedAtMs, createdAtMs, body, rest: null, reply });
      },
      fail,
    );
  } catch (error) {
    fail(error);
  }
}

/** Starts to listen. Rejects with an Error that says why the port cannot be had. */
export function listen(frontEnd: FrontEnd, options: ListenOptions): Promise<Listener> {
  const listening: Listening = { state: "listening", open: 0 };
  // The declarations of 20.57 lack this form and `close`; the addon has both.
  const app = frontEnd.App() as ReturnType<FrontEnd["App"]> & {
    listen(host: string, port: number, flags: number, started: (token: us_listen_socket | false) => void): void;
    close(): void;
  };
  app.any("/*", (res, req) => takeRequest(res, req, options, listening));
  return new Promise((resolve, reject) => {
    app.listen(options.host, options.port, exclusivePort, (token) => {
      if (token === false) {
        reject(new Error(`Port ${options.port} on ${options.host} cannot be opened: it is taken or not allowed.`));
        return;
      }
      resolve({
        port: frontEnd.us_socket_local_port(token),
        get open() {
          return listening.open;
        },
        stop() {
          if (listening.state === "stopping") return;
          listening.state = "stopping";
          frontEnd.us_listen_socket_close(token);
        },
        close() {
          app.close();
        },
      });
    });
  });
}
