// Changes a message's bytes as an attacker, a broken proxy or a bad network would.
import type { Chance } from "../fault/support/random.js";

const headerLines = [
  "Content-Length: 3",
  "Content-Length: 0",
  "Content-Length: 99999999",
  "Content-Length: 5, 5",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding:\tchunked",
  "Host: other",
  "Expect: 100-continue",
  "Expect: x",
  "Connection: close",
  "Connection: keep-alive, x-hop",
  "Upgrade: websocket",
  "Trailer: x",
  "X-Hop: secret-hop",
  "X-Forwarded-Host: evil",
  ": nameless",
  " folded",
  "X-Null: a\0b",
  "X-Cr: a\rb",
  "X-Injected: a\nInjected: yes",
  "Content-Encoding: gzip",
  "Content-Type: text/event-stream",
  "Keep-Alive: timeout=1000000",
  `X-Long: ${"l".repeat(9000)}`,
] as const;

const inserts = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  "\r\n\r\n",
  "0\r\n\r\n",
  "5;a=b\r\nhello\r\n",
  "GET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled",
  "data: [DONE]\n\n",
  "\ufeff",
  "\xff\xfe",
  ":",
  " ",
] as const;

/** `text` is Latin-1, one character a byte. */
export function mutate(text: string, chance: Chance): string {
  const at = chance.int(0, text.length);
  switch (chance.int(0, 9)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(chance.int(0, 255)) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + chance.pick(inserts) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at + chance.int(1, 20));
    case 3: {
      const from = chance.int(0, text.length);
      const piece = text.slice(from, from + chance.int(1, 80));
      return text.slice(0, at) + piece + text.slice(at);
    }
    case 4:
      return text.slice(0, at);
    case 5:
    case 6:
    case 7:
      return insertHeader(text, chance.pick(headerLines), chance);
    case 8:
      return text + chance.pick(inserts);
    default:
      return text.replace(/\r\n/, chance.pick(["\n", "\r", "\r\r\n", " \r\n"]));
  }
}

function insertHeader(text: string, line: string, chance: Chance): string {
  const ends = [...text.slice(0, text.indexOf("\r\n\r\n") + 2).matchAll(/\r\n/g)].map(({ index }) => index + 2);
  const at = ends[chance.int(0, Math.max(0, ends.length - 1))] ?? 0;
  return `${text.slice(0, at)}${line}\r\n${text.slice(at)}`;
}

/** The text in pieces, most often in one. */
export function cut(text: string, chance: Chance): string[] {
  const cuts = chance.happens(50) ? [] : Array.from({ length: chance.int(1, 6) }, () => chance.int(0, text.length));
  const ends = [...cuts.toSorted((a, b) => a - b), text.length];
  return ends.map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end)).filter((piece) => piece !== "");
}
