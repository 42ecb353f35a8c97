// An answer of the query API on its way to the client: compressed where it is long and the client takes that.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Exchange, HeaderList } from "../listen/exchange.js";
import { takes } from "./accepted-coding.js";

/** Shorter ones would gain nothing that a reader feels. */
const compressCharactersMin = 16 * 1024;
/** Level 1: these answers shrink to a tenth already. */
const level = 1;
const headers: HeaderList = [
  ["content-type", "application/json"],
  ["cache-control", "no-store"],
  ["vary", "accept-encoding"],
];

/** Off the main thread, which exchanges need. Does nothing for a client that has left. */
export async function sendJson({ headers: asked, reply }: Exchange, answer: object): Promise<void> {
  const text = JSON.stringify(answer);
  if (text.length < compressCharactersMin || !takes(asked.get("accept-encoding") ?? "", "gzip")) {
    reply.send(200, headers, text);
    return;
  }
  const bytes = await promisify(gzip)(text, { level });
  if (reply.state === "open") reply.send(200, [...headers, ["content-encoding", "gzip"]], bytes);
}
