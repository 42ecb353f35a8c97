// The front end on node:http, for systems where the native addon cannot run and for operators who want it. Its parser
// is strict; what it would let through or answer by itself is set right here.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorBody } from "../errors/error-reply.js";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import { HeadReader } from "./check-head.js";
import { Incoming, type Listener, type Listening, type ListenOptions } from "./listen.js";
import { NodeWire } from "./node-wire.js";

/** How often node:http looks for heads that are late. */
const lateCheckMs = 500;

class NodeServer {
  readonly server: Server;
  readonly listening: Listening = { state: "listening", open: 0, parser: "strict" };
  readonly #options: ListenOptions;
  /** The request of each connection that has not ended. */
  readonly #current = new WeakMap<Duplex, Incoming>();

  constructor(options: ListenOptions) {
    this.#options = options;
    this.server = createServer({
      noDelay: true,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      headersTimeout: options.headersTimeoutMs,
      // The body has its own deadline.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(lateCheckMs, options.headersTimeoutMs),
      maxHeaderSize: limits.headerBytesMax,
      // check-head.ts asks for the Host, in the shape of OpenAI's errors.
      requireHostHeader: false,
      insecureHTTPParser: false,
    });
    // It would leave out the lines above its bound without a word; check-head.ts refuses them.
    this.server.maxHeadersCount = 0;
    this.server.on("request", (request, response) => this.#take(request, response));
    this.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      if (this.#take(request, response)) response.writeContinue();
    });
    this.server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) =>
      this.#take(request, response),
    );
    // Without a listener it closes the connection without a word.
    this.server.on("connect", (_request: IncomingMessage, socket: Duplex) =>
      refuseSocket(socket, new LoomError("bad_request", { message: "CONNECT is not taken here." })),
    );
    this.server.on("clientError", (error: Error, socket: Duplex) => this.#onClientError(error, socket));
  }

  /** Gives whether the request's body is awaited. */
  #take(request: IncomingMessage, response: ServerResponse): boolean {
    const receivedAtMs = performance.now();
    const createdAtMs = Date.now();
    const { socket } = request;
    const before = this.#current.get(socket);
    // Its end may have reached the client before this process heard that it was written.
    if (before !== undefined && (before.reply.state !== "ended" || !before.isTrusted)) {
      // A pipelined request is not taken: the answer before it is the connection's last one.
      before.distrust();
      response.once("close", () => socket.destroy());
      request.resume();
      socket.pause();
      return false;
    }
    const { path, query } = splitTarget(request.url ?? "");
    const wire = new NodeWire(request, response, this.#options.writeTimeoutMs);
    const incoming = new Incoming(wire, path, this.#options, this.listening);
    this.#current.set(socket, incoming);
    this.#connect(request, response, incoming);
    if (request.httpVersion !== "1.1") {
      incoming.refuse(new LoomError("bad_request", { message: "This gateway speaks HTTP/1.1 only." }));
      return false;
    }
    const reader = new HeadReader();
    const lines = request.rawHeaders;
    for (let at = 0; at + 1 < lines.length; at += 2) reader.add((lines[at] ?? "").toLowerCase(), lines[at + 1] ?? "");
    const { headers, repeated, headerCount, malformed } = reader;
    const method = request.method ?? "";
    incoming.begin({ method, path, query, headers, repeated, headerCount, malformed }, receivedAtMs, createdAtMs);
    return incoming.isReading;
  }

  #connect(request: IncomingMessage, response: ServerResponse, incoming: Incoming): void {
    const { reply } = incoming;
    request.on("data", (piece: Buffer) => incoming.take(piece, false));
    request.on("end", () => incoming.take(Buffer.alloc(0), true));
    request.on("error", () => {
      // The response's `close` tells that the client left.
    });
    response.on("drain", () => reply.drained());
    response.on("error", () => reply.lost());
    const forget = (): void => {
      if (this.#current.get(request.socket) === incoming) this.#current.delete(request.socket);
    };
    response.on("finish", forget);
    response.on("close", () => {
      forget();
      reply.lost();
    });
  }

  #onClientError(error: Error, socket: Duplex): void {
    const { code } = error as NodeJS.ErrnoException;
    const refusal = refusalOf(code ?? "");
    const current = this.#current.get(socket);
    if (current?.isReading === true) {
      current.refuse(refusal);
      return;
    }
    if (current !== undefined) {
      // Not a request, while the answer before it is under way: that answer is the connection's last one.
      current.distrust();
      if (code === "ECONNRESET") socket.destroy();
      return;
    }
    if (code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    this.#options.onRefused(refusal, "");
    refuseSocket(socket, refusal);
  }
}

function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf("?");
  return at === -1 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

function refusalOf(code: string): LoomError {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new LoomError("request_timeout");
  if (code === "HPE_HEADER_OVERFLOW") return new LoomError("headers_too_large");
  return new LoomError("bad_request", { message: "The request is not HTTP/1.1." });
}

/** Answers what never became a request, and closes the connection. */
function refuseSocket(socket: Duplex, error: LoomError): void {
  const body = errorBody(error);
  const status = `${error.status} ${error.status === 408 ? "Request Timeout" : "Bad Request"}`;
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  (socket as Socket).setTimeout(1000, () => socket.destroy());
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`, () => socket.destroy());
}

/** Starts to listen. Rejects with an Error that says why the port cannot be had. */
export function listenNode(options: ListenOptions): Promise<Listener> {
  const node = new NodeServer(options);
  const { server, listening } = node;
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `Port ${options.port} on ${options.host} cannot be opened: it is taken or not allowed.`;
      reject(new Error(message, { cause }));
    });
    server.listen({ host: options.host, port: options.port, exclusive: true }, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        get open() {
          return listening.open;
        },
        get connections() {
          return connections;
        },
        async stop() {
          if (listening.state === "stopping") return;
          listening.state = "stopping";
          server.close();
          server.closeIdleConnections();
        },
        close() {
          server.closeAllConnections();
        },
      });
    });
  });
}
