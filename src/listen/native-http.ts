// The front end on uWebSockets.js. This file and native-wire.ts are the only ones that touch the addon's requests.

import type { HttpRequest, HttpResponse, us_listen_socket } from "uWebSockets.js";
import { setImmediate } from "node:timers/promises";
import { HeadReader } from "./check-head.js";
import { Incoming, type Listener, type Listening, type ListenOptions } from "./listen.js";
import type { NativeAddon } from "./native-addon.js";
import { NativeWire } from "./native-wire.js";

// From uSockets' libusockets.h; the addon exports it as a number. Without it a second process on the same port
// would silently take half of the connections, which is what processes of one supervisor want.
const exclusivePort = 1;
const sharedPort = 0;

/** A turn of the event loop that took so little has left hardly any time for a connection to come unseen. */
const shortTurnMs = 0.03;
const turnsMax = 1000;

/**
 * Closes the listening socket right behind the poll that took its connections: Linux resets those that it has
 * completed and the process has not taken yet. After a signal or a timer, that would be all of a long turn. Where no
 * turn is short, the measure grows until one is.
 */
async function closeBehindPoll(close: () => void): Promise<void> {
  for (let turn = 1; turn <= turnsMax; turn += 1) {
    const startedAt = performance.now();
    await setImmediate();
    if (performance.now() - startedAt <= shortTurnMs * (1 + turn / 50)) break;
  }
  close();
}

function takeRequest(res: HttpResponse, req: HttpRequest, options: ListenOptions, listening: Listening): void {
  const receivedAtMs = performance.now();
  const createdAtMs = Date.now();
  const method = req.getCaseSensitiveMethod();
  const path = req.getUrl();
  const query = req.getQuery() ?? "";
  const reader = new HeadReader();
  req.forEach((name, value) => reader.add(name, value));
  const { headers, repeated, headerCount, malformed } = reader;
  const wire = new NativeWire(res, method === "HEAD");
  const incoming = new Incoming(wire, path, options, listening);
  wire.listen(incoming.reply);
  // It may call again after an answer was given.
  res.onData((piece, isLast) => incoming.take(Buffer.from(piece), isLast));
  incoming.begin({ method, path, query, headers, repeated, headerCount, malformed }, receivedAtMs, createdAtMs);
}

/** Starts to listen. Rejects with an Error that says why the port cannot be had. */
export function listenNative(addon: NativeAddon, options: ListenOptions): Promise<Listener> {
  const listening: Listening = { state: "listening", open: 0, parser: "lax" };
  // The declarations of 20.57 lack this form and `close`; the addon has both.
  const app = addon.App() as ReturnType<NativeAddon["App"]> & {
    listen(host: string, port: number, flags: number, started: (token: us_listen_socket | false) => void): void;
    close(): void;
  };
  let connections = 0;
  let isClosed = false;
  app.filter((_res, change) => {
    connections += Math.sign(Number(change));
  });
  app.any("/*", (res, req) => takeRequest(res, req, options, listening));
  return new Promise((resolve, reject) => {
    app.listen(options.host, options.port, options.sharesPort ? sharedPort : exclusivePort, (token) => {
      if (token === false) {
        reject(new Error(`Port ${options.port} on ${options.host} cannot be opened: it is taken or not allowed.`));
        return;
      }
      resolve({
        port: addon.us_socket_local_port(token),
        get open() {
          return listening.open;
        },
        get connections() {
          return connections;
        },
        async stop() {
          if (listening.state === "stopping") return;
          listening.state = "stopping";
          await closeBehindPoll(() => {
            // `close` has freed it.
            if (!isClosed) addon.us_listen_socket_close(token);
          });
        },
        close() {
          isClosed = true;
          app.close();
        },
      });
    });
  });
}
